"""The page's layout: what can be put in, and the view (view.html, its .js) of the answer."""

import html
import pathlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import gradio as gr

from affectjax.predict import media
from demo import answers, examples, runs

HERE = pathlib.Path(__file__).parent
EMPTY = {"state": "empty"}
Answer = Callable[[pathlib.Path], Iterator[answers.Said]]


def build(
    answer: Answer,
    found: Sequence[runs.Run],
    shown: Sequence[examples.Example],
    limits: answers.Limits,
) -> gr.Blocks:
    """The page. `answer` says what to show of a file, last what it came to."""
    most = limits.bytes >> 20
    with gr.Blocks(title="affectjax", analytics_enabled=False, delete_cache=(600, 3600)) as blocks:
        gr.HTML(_head(found), apply_default_css=False, elem_id="head")
        with gr.Tabs(elem_id="sources"):
            with gr.Tab("A file"):
                file = gr.File(
                    label=f"Up to {limits.seconds:.0f} s and {most} MB",
                    file_types=sorted(media.ENDINGS),
                    height=150,
                )
            with gr.Tab("Camera"):
                options = gr.WebcamOptions(mirror=False)
                camera = gr.Video(
                    label="Record yourself: some seconds, face to the light",
                    sources=["webcam"],
                    include_audio=True,
                    webcam_options=options,
                    buttons=[],
                    height=320,
                )
            with gr.Tab("Microphone"):
                voice = gr.Audio(
                    label="Record your voice",
                    sources=["microphone"],
                    type="filepath",
                    editable=False,
                    buttons=[],  # "share" would upload it
                )
        with gr.Row(elem_id="examples"):
            gr.HTML("<p>No film at hand? Take one of a drawn person:</p>", apply_default_css=False)
            buttons = [gr.Button(example.title, size="sm") for example in shown]
        view = gr.HTML(
            EMPTY,
            html_template=_read("view.html"),
            js_on_load=_read("timeline.js") + _read("view.js"),
            apply_default_css=False,
            elem_id="view",
        )
        _wire(answer, view, [file, camera, voice], zip(buttons, shown, strict=True))
    return blocks


def _wire(answer: Answer, view: gr.HTML, sources: Sequence[Any], buttons: Any) -> None:
    """Each source and example to the view; "halt" of the view ends what runs."""

    def of(path: str | None) -> Iterator[answers.Said]:
        yield from answer(pathlib.Path(path)) if path else iter([EMPTY])

    how: dict[str, Any] = {
        "outputs": view,
        "show_progress": "hidden",
        "concurrency_limit": 1,
        "concurrency_id": "model",
        "api_visibility": "private",
    }
    begun = [source.change(of, source, trigger_mode="always_last", **how) for source in sources]
    begun += [
        button.click(partial(answer, example.path), None, trigger_mode="once", **how)
        for button, example in buttons
    ]
    view.halt(lambda: EMPTY, None, view, cancels=begun, queue=False, api_visibility="private")


def theme() -> Any:
    """Calm greys, one accent, the system's own letters: nothing is fetched from a foundry."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.slate,
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
        radius_size=gr.themes.sizes.radius_md,
    )


def _head(found: Sequence[runs.Run]) -> str:
    """head.html, with the runs' names in it, and a warning where they saw no people."""
    named = ", ".join(f"<b>{html.escape(run.name)}</b> {run.senses}" for run in found)
    data = ", ".join(sorted({html.escape(run.data) for run in found}))
    told = f"Models: {named}; trained on {data}."
    if found[0].data == "affect_synth":
        told += " They have seen drawn faces only: it shows the way, not the truth about people."
    return _read("head.html").replace("MODELS", told)


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
