"""The server's OpenAPI description, with the errors that it answers, which KServe leaves out."""

from typing import Any

_ERROR = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
_ALWAYS = {
    "400": "not a v2 request, or not one that the model takes: which input, why, and the remedy",
    "408": "the body did not arrive in time",
    "413": "the body is too large",
    "503": "the queue is full, or too many are connected; ask again later",
}
_OF_A_MODEL = {"404": "no model of this name"}
_OF_AN_ANSWER = {"500": "the model failed", "504": "no answer in time"}


def describe(app: Any) -> None:
    """Let a FastAPI `app` describe itself, its endpoints of then, with every status it answers."""
    from fastapi.openapi.utils import get_openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            told = get_openapi(title=app.title, version=app.version, routes=app.routes)
            app.openapi_schema = described(told)
        return app.openapi_schema

    app.openapi = openapi


def described(told: dict[str, Any]) -> dict[str, Any]:
    """The description with errors added, and without the 422 that is a 400 here.

    >>> told = {"paths": {"/x/{model_name}": {"get": {"responses": {"200": {}, "422": {}}}}}}
    >>> sorted(described(told)["paths"]["/x/{model_name}"]["get"]["responses"])
    ['200', '400', '404', '408', '413', '503']
    """
    if "/metrics" in told["paths"]:  # KServe says JSON
        text: dict[str, Any] = {"text/plain": {}, "application/openmetrics-text": {}}
        told["paths"]["/metrics"]["get"]["responses"]["200"]["content"] = text
    for path, operations in told["paths"].items():
        extra = _ALWAYS | (_OF_A_MODEL if "{model_name}" in path else {})
        extra |= _OF_AN_ANSWER if path.endswith("/infer") else {}
        for operation in operations.values():
            operation["responses"].pop("422", None)
            for status, why in extra.items():
                operation["responses"][status] = {
                    "description": why,
                    "content": {"application/json": {"schema": _ERROR}},
                }
    return told
