"""`python -m tests.demo.drive --film=FILM`: the page, driven in a real Chromium as people drive it.

Expects `make demo` to run at --url. Gives it files, a camera and a microphone (Chromium's own
fakes, fed with the film), by mouse and by keyboard alone, on a desk and on a phone; ends with an
error where something is not shown, or where any other host is asked. Screenshots stay in --output.
"""

import argparse
import pathlib
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright import sync_api as playwright

from tests.demo import films

NAMES = ("chromium", "chromium-browser", "google-chrome")
ANSWER = 240_000  # ms that an answer may take: the first compiles
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 800}
expect = playwright.expect


def main() -> None:
    """All scenes, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--film", required=True, type=pathlib.Path, help="a face, and its voice")
    parser.add_argument("--url", default="http://127.0.0.1:7860")
    parser.add_argument("--output", default="runs/demo", type=pathlib.Path)
    flags = parser.parse_args()
    flags.output.mkdir(parents=True, exist_ok=True)
    made = films.make(flags.film, flags.output)
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium(), args=devices(made))
        for name, scene in SCENES.items():
            with opened(browser, flags.url, **KINDS.get(name, {})) as page:
                scene(page, made)
                page.screenshot(path=flags.output / f"{name}.png", full_page=True)
                print(f"{name}: as it should be", flush=True)
        browser.close()
    print(f"{len(SCENES)} scenes; no request to another host; screenshots in {flags.output}")


def chromium() -> str:
    """The browser's path; ends the program, with what to install, where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        sys.exit(f"none of {', '.join(NAMES)} is here: apt-get install chromium")
    return found


def devices(made: films.Made) -> list[str]:
    """Chromium's flags for a camera and a microphone that play the film, and nothing of its own."""
    return [
        "--no-sandbox",  # CI is root
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={made.camera}",
        f"--use-file-for-fake-audio-capture={made.microphone}",
    ]


@contextmanager
def opened(browser: Any, url: str, **kind: Any) -> Iterator[Any]:
    """A page in a context of its own; afterwards what it asked for and complained of is judged."""
    kind = {"viewport": DESK, "reduced_motion": "reduce", **kind}
    context = browser.new_context(permissions=["camera", "microphone"], **kind)
    asked: list[str] = []
    told: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.on("console", lambda line: told.append(line.text) if line.type == "error" else None)
    context.on("weberror", lambda error: told.append(str(error.error)))
    page = context.new_page()
    page.goto(url)
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=30_000)
    yield page
    context.close()
    here = urlsplit(url).netloc
    others = [
        u
        for u in asked
        if urlsplit(u).scheme not in ("data", "blob") and urlsplit(u).netloc != here
    ]
    assert not others, f"the page asks others: {others}"
    assert not told, f"the page complains: {told}"


def give(page: Any, path: pathlib.Path) -> None:
    """Upload a file."""
    page.locator("#sources input[type=file]").first.set_input_files(path)


def answered(page: Any, name: str | None = None) -> None:
    """Wait for an answer, and see that it is whole."""
    expect(page.locator(".v-done")).to_be_visible(timeout=ANSWER)
    if name is not None:
        expect(page.locator(".v-title")).to_have_text(name)
    assert page.locator(".v-bar").count() == 7
    assert page.locator(".v-row").count() >= 2
    assert "pen." in page.locator(".v-mostly").inner_text(), "no word of how sure it is"
    assert "90%" in page.locator(".v-promise").inner_text()


def where(page: Any) -> tuple[float, ...]:
    """The player's time, the playhead's share of the width, and the point's place."""
    return tuple(
        page.evaluate(
            """() => [document.querySelector("#view video").currentTime,
                      parseFloat(document.querySelector(".v-head").style.left),
                      +document.querySelector(".v-point").getAttribute("cx"),
                      +document.querySelector(".v-point").getAttribute("cy")]"""
        )
    )


def start(page: Any, made: films.Made) -> None:
    """What a visitor sees first."""
    expect(page.get_by_text("Nothing leaves this machine.")).to_be_visible()
    refused = page.request.get(page.url, headers={"host": "affectjax.example"})
    assert refused.status == 400, "a name that leads here from outside is answered"
    fetched = page.request.get(f"{page.url}gradio_api/file=http://127.0.0.1:7860/")
    assert fetched.status == 403, "it fetches other addresses"
    assert "default-src 'self'" in page.request.get(page.url).headers["content-security-policy"]
    for name in ("A film with sound", "A voice alone", "A film without sound"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_visible()


def film(page: Any, made: films.Made) -> None:
    """A film: the timeline, the words, and everything moving with the player."""
    give(page, made.film)
    answered(page, made.film.name)
    assert page.locator(".v-row").count() == 3, "emotions, affect, sound"
    expect(page.locator(".v-face")).to_be_visible()
    expect(page.locator(".v-box")).to_be_visible()
    before = where(page)
    page.evaluate("() => document.querySelector('#view video').play()")
    page.wait_for_function(
        "() => document.querySelector('#view video').currentTime > 2.5", timeout=30_000
    )
    page.evaluate("() => document.querySelector('#view video').pause()")
    after = where(page)
    assert after[1] > before[1] + 5, (before, after)
    assert after[2:] != before[2:], "the point stands still"
    box = page.locator(".v-rows").bounding_box()
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 20)
    assert abs(where(page)[1] - 50) < 2
    page.wait_for_function("() => !document.querySelector('#view video').seeking")


def keyboard(page: Any, made: films.Made) -> None:
    """Without a mouse: to an example, into its timeline, and playing."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.textContent.trim()") == "A film with sound":
            break
    page.keyboard.press("Enter")
    answered(page)
    assert page.evaluate("() => document.activeElement.className") == "v-title"
    slider = page.get_by_role("slider", name="Time", exact=True)
    for _ in range(12):
        page.keyboard.press("Tab")
        if slider.evaluate("node => node === document.activeElement"):
            break
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuenow", "2.0")
    assert "2.0 s of" in (slider.get_attribute("aria-valuetext") or "")
    page.keyboard.press("End")
    assert where(page)[1] > 99
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    page.wait_for_function(
        "() => document.querySelector('#view video').currentTime > 0.3", timeout=30_000
    )
    page.keyboard.press("Space")
    assert page.evaluate("() => document.querySelector('#view video').paused")


def phone(page: Any, made: films.Made) -> None:
    """360 pixels wide, dark: nothing sticks out, nothing to press is too small for a thumb."""
    page.get_by_role("button", name="A film without sound", exact=True).click()
    answered(page, "silent film.mp4")
    expect(page.locator(".v-from")).to_contain_text("which sees")
    wide = page.evaluate("() => document.scrollingElement.scrollWidth")
    assert wide <= PHONE["width"], f"{wide} pixels wide"
    assert page.locator(".v-time").bounding_box()["width"] > 300


def voice(page: Any, made: films.Made) -> None:
    """Sound alone is answered by the model that hears."""
    page.get_by_role("button", name="A voice alone", exact=True).click()
    answered(page, "voice.wav")
    expect(page.locator(".v-from")).to_contain_text("which hears")
    expect(page.locator(".v-stage")).to_be_hidden()
    expect(page.locator("#view audio")).to_be_visible()


def camera(page: Any, made: films.Made) -> None:
    """Some seconds of the camera, with its sound."""
    page.get_by_role("tab", name="Camera").click()
    page.get_by_text("Click to Access Webcam").click()
    page.locator("#sources [title='start recording']").click()
    page.wait_for_timeout(5000)
    page.locator("#sources [title='stop recording']").click()
    answered(page)
    expect(page.locator(".v-from")).to_contain_text("sees and hears")


def microphone(page: Any, made: films.Made) -> None:
    """Some seconds of the microphone."""
    page.get_by_role("tab", name="Microphone").click()
    page.get_by_role("button", name="Record").click()
    page.wait_for_timeout(5000)
    page.get_by_role("button", name="Stop").first.click()
    answered(page)
    expect(page.locator("#sources [title*=hare], #sources [aria-label*=hare]")).to_have_count(0)
    expect(page.locator(".v-from")).to_contain_text("which hears")


def faults(page: Any, made: films.Made) -> None:
    """Each bad file is refused in the page, by name, with why; then a good one is answered."""
    for path, words in made.bad:
        give(page, path)
        refused = page.locator(".v-fail")
        expect(refused).to_contain_text(words, timeout=ANSWER)
        expect(refused.get_by_role("heading")).to_contain_text(path.name)
        page.get_by_role("button", name="Clear").or_(page.get_by_label("Clear")).first.click()
        expect(refused).to_be_hidden()
    give(page, made.large)
    expect(page.get_by_text("size").first).to_be_visible(timeout=20_000)
    give(page, made.bad[0][0])
    expect(page.locator(".v-fail")).to_be_visible(timeout=ANSWER)


SCENES = {
    "start": start,
    "film": film,
    "keyboard": keyboard,
    "phone": phone,
    "voice": voice,
    "camera": camera,
    "microphone": microphone,
    "faults": faults,
}
KINDS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": PHONE, "color_scheme": "dark", "has_touch": True},
    "voice": {"color_scheme": "dark"},
}

if __name__ == "__main__":
    main()
