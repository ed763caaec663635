"""A drawn face whose action units move brows, lids, cheeks, nose and mouth."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from tfds_builders.affect_synth.people import ACTION_UNITS, Subject

CANVAS = 128  # drawn large, then reduced: soft edges
Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Pose:
    """Where the head is in one frame: centre and half height in pixels, angles in radians."""

    x: float
    y: float
    scale: float
    yaw: float
    roll: float
    blink: float
    gaze: tuple[float, float]


@dataclass(frozen=True)
class Pen:
    """Draws in head coordinates: (0, 0) between eyes and nose, y down, 1 is half a head."""

    canvas: UInt8[np.ndarray, "h w 3"]
    pose: Pose

    def points(self, xy: Float[np.ndarray, "n 2"]) -> np.ndarray:
        """Pixels (with 4 fractional bits) of head coordinates."""
        p = self.pose
        x = xy[:, 0] * np.cos(p.yaw) + 0.35 * np.sin(p.yaw) * (1 - 0.8 * xy[:, 0] ** 2)
        y, c, s = xy[:, 1], np.cos(p.roll), np.sin(p.roll)
        pixels = np.stack([p.x + p.scale * (c * x - s * y), p.y + p.scale * (s * x + c * y)], 1)
        return np.round(pixels * 16).astype(np.int32)

    def fill(self, xy: Float[np.ndarray, "n 2"], colour: Colour) -> None:
        cv2.fillPoly(self.canvas, [self.points(xy)], colour, cv2.LINE_AA, 4)

    def line(self, xy: Float[np.ndarray, "n 2"], colour: Colour, width: float) -> None:
        thick = max(1, round(width * self.pose.scale))
        points = [self.points(xy)]
        cv2.polylines(self.canvas, points, False, colour, thick, cv2.LINE_AA, 4)


def draw(
    person: Subject, units: Float[np.ndarray, " a"], pose: Pose, side: int
) -> UInt8[np.ndarray, "side side 3"]:
    """One RGB frame of the person with the given action units (intensities 0..1)."""
    au = dict(zip(ACTION_UNITS, units, strict=True))
    canvas = np.empty((CANVAS, CANVAS, 3), np.uint8)
    canvas[:] = person.background
    pen = Pen(canvas, pose)
    _head(pen, person, au)
    for which in (-1, 1):
        _eye(pen, person, au, which)
        _brow(pen, person, au, which)
    _nose(pen, person, au)
    _mouth(pen, person, au)
    _hair(pen, person)
    if person.glasses:
        _glasses(pen, person)
    small = cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA)
    return _light(small, person)


def cover(frame: UInt8[np.ndarray, "h w 3"], what: str, pose: Pose, colour: Colour) -> None:
    """Hide the mouth ("mask") or the eyes ("shades") in place."""
    side = frame.shape[0]
    scale = pose.scale * side / CANVAS
    x, y = pose.x * side / CANVAS, pose.y * side / CANVAS
    top, bottom = (0.3, 0.95) if what == "mask" else (-0.3, 0.02)
    left, right = round(x - 0.62 * scale), round(x + 0.62 * scale)
    box = (left, round(y + top * scale)), (right, round(y + bottom * scale))
    cv2.rectangle(frame, *box, colour, -1, cv2.LINE_AA)


def _ellipse(x: float, y: float, a: float, b: float, n: int = 28) -> Float[np.ndarray, "n 2"]:
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return np.stack([x + a * np.cos(t), y + b * np.sin(t)], 1)


def _curve(*xy: tuple[float, float]) -> Float[np.ndarray, "n 2"]:
    """A quadratic curve through three points."""
    (x0, y0), (x1, y1), (x2, y2) = xy
    t = np.linspace(-1, 1, 13)
    basis = np.stack([t * (t - 1) / 2, 1 - t * t, t * (t + 1) / 2], 1)
    return basis @ np.array([[x0, y0], [x1, y1], [x2, y2]])


def _shade(colour: Colour, factor: float) -> Colour:
    red, green, blue = (float(np.clip(c * factor, 0, 255)) for c in colour)
    return red, green, blue


def _head(pen: Pen, person: Subject, au: dict[int, float]) -> None:
    width, drop = person.head_width, 0.22 * au[26]
    hair, skin = person.hair, person.skin
    if person.hair_style in (1, 3):
        pen.fill(_ellipse(0, 0.05, width + 0.2, 1.2 if person.hair_style == 3 else 1.0), hair)
    pen.fill(np.array([[-0.3, 0.6], [0.3, 0.6], [0.4, 1.8], [-0.4, 1.8]]), _shade(skin, 0.82))
    for ear in (-width, width):
        pen.fill(_ellipse(ear, 0.08, 0.1, 0.2), _shade(skin, 0.9))
    t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    low = np.clip(np.sin(t), 0, 1)
    x = width * np.cos(t) * (1 - (1 - person.jaw) * low**2)
    y = np.sin(t) * (1.0 + drop * low)
    pen.fill(np.stack([x, y], 1), skin)
    if person.beard:
        part = person.beard
        red, green, blue = (s * (1 - part) + h * part for s, h in zip(skin, hair, strict=True))
        beard = (float(red), float(green), float(blue))
        pen.fill(np.stack([x, y], 1)[(t > 0.35) & (t < np.pi - 0.35)], beard)


def _eye(pen: Pen, person: Subject, au: dict[int, float], which: int) -> None:
    x, size = which * 0.34 * person.eye_gap, 0.17 * person.eye_size
    opening = 0.095 * person.eye_size * (1 + 0.85 * au[5] - 0.5 * au[7] - 0.4 * au[6])
    opening *= 1 - pen.pose.blink
    up = opening * (1.0 + 0.25 * au[5])
    down = opening * (0.85 - 0.5 * au[6] - 0.3 * au[7])
    top = _curve((x - size, 0.0), (x, -up), (x + size, 0.0))
    bottom = _curve((x + size, 0.0), (x, max(down, 0.0)), (x - size, 0.0))
    lids = np.concatenate([top, bottom])
    pen.fill(lids, (245, 245, 245))
    gx, gy = pen.pose.gaze
    for radius, colour in ((0.085, person.iris), (0.04, (10, 10, 10))):
        disc = _ellipse(x + gx, gy, radius, radius)
        room = 1 - ((disc[:, 0] - x) / size) ** 2  # the lids are parabolas: clip the disc by them
        disc[:, 1] = np.clip(disc[:, 1], -up * room, max(down, 0.0) * room)
        pen.fill(disc, colour)
    pen.line(top, _shade(person.skin, 0.35), 0.03)
    if au[6] > 0.2 or au[7] > 0.3:  # a fold under the eye
        fold = _curve((x - size, 0.1), (x, 0.14 - 0.03 * au[6]), (x + size, 0.1))
        pen.line(fold, _shade(person.skin, 0.75), 0.02)


def _brow(pen: Pen, person: Subject, au: dict[int, float], which: int) -> None:
    y = -0.27 + person.brow_height
    inner = (0.13 - 0.05 * au[4], y - 0.16 * au[1] + 0.15 * au[4] + 0.03 * au[9])
    middle = (0.34, y - 0.05 - 0.07 * au[1] - 0.12 * au[2] + 0.10 * au[4])
    outer = (0.56, y + 0.03 - 0.16 * au[2] + 0.03 * au[4])
    xy = _curve(*((which * px * person.eye_gap, py) for px, py in (inner, middle, outer)))
    dark = _shade(person.hair, 0.75)
    pen.line(xy, dark, 0.055 * person.brow_thickness)
    crease = _shade(person.skin, 0.72)
    if au[4] > 0.25:  # furrows between the brows
        pen.line(np.array([[which * 0.05, y + 0.0], [which * 0.04, y + 0.16]]), crease, 0.02)
    if au[1] > 0.4 or au[2] > 0.4:  # the forehead wrinkles
        h = y - 0.3
        pen.line(_curve((0.0, h), (which * 0.2, h + 0.02), (which * 0.4, h - 0.02)), crease, 0.015)


def _nose(pen: Pen, person: Subject, au: dict[int, float]) -> None:
    crease, up = _shade(person.skin, 0.7), 0.05 * au[9]
    size = person.nose
    for which in (-1, 1):
        wing = which * 0.11 * size * (1 + 0.2 * au[9])
        pen.line(_curve((which * 0.04, 0.1), (which * 0.06, 0.25), (wing, 0.33 - up)), crease, 0.02)
        pen.fill(_ellipse(0.5 * wing, 0.37 - up, 0.028, 0.018), _shade(person.skin, 0.4))
        if au[9] > 0.25:
            for k in range(3):
                y = 0.02 + 0.06 * k
                xy = np.array([[which * 0.02, y], [which * (0.08 + 0.02 * k), y - 0.05]])
                pen.line(xy, crease, 0.018)
        if max(au[12], au[9], au[15]) > 0.3:  # the fold from nose to mouth
            reach = (which * (0.3 + 0.08 * au[12]), 0.62 - 0.1 * au[12])
            pen.line(_curve((which * 0.14, 0.33), (which * 0.25, 0.42), reach), crease, 0.02)


def _mouth(pen: Pen, person: Subject, au: dict[int, float]) -> None:
    width = 0.27 * person.mouth_width
    width *= 1 + 0.35 * au[12] + 0.35 * au[20] - 0.3 * au[23] - 0.1 * au[17] - 0.15 * au[26]
    corner = 0.6 - 0.17 * au[12] + 0.14 * au[15] + 0.03 * au[20]
    centre = 0.6 + 0.03 * au[12] - 0.06 * au[17] - 0.04 * au[9]
    gap = 0.07 * au[25] + 0.26 * au[26]
    lip = 0.055 * person.lip * (1 - 0.65 * au[23])
    left, right = (-width, corner), (width, corner)
    top, bottom = (0.0, centre - 0.25 * gap), (0.0, centre + 0.75 * gap)
    colour = _shade(
        (min(255, person.skin[0] * 0.95), person.skin[1] * 0.6, person.skin[2] * 0.6), 1
    )
    outer = [
        _curve(left, (0.0, top[1] - lip), right),
        _curve(right, (0.0, bottom[1] + 1.2 * lip), left),
    ]
    pen.fill(np.concatenate(outer), colour)
    inside = [_curve(left, top, right), _curve(right, bottom, left)]
    pen.fill(np.concatenate(inside), (45, 12, 15))
    if gap > 0.03:  # teeth show under the upper lip
        low = (0.0, top[1] + min(0.08, 0.5 * gap))
        teeth = np.concatenate([_curve(left, top, right), _curve(right, low, left)])
        pen.fill(teeth * [0.85, 1], (235, 232, 225))
    pen.line(_curve(left, (0.0, (top[1] + bottom[1]) / 2), right), (60, 20, 20), 0.018)
    if au[17] > 0.25:  # the chin boss rises and wrinkles
        pen.line(_curve((-0.14, 0.86), (0, 0.78), (0.14, 0.86)), _shade(person.skin, 0.7), 0.025)


def _hair(pen: Pen, person: Subject) -> None:
    width, style = person.head_width, person.hair_style
    if style == 2 and person.beard:  # bald
        return
    line = {0: -0.62, 1: -0.5, 2: -0.68, 3: -0.45}[style]
    t = np.linspace(np.pi * 1.06, np.pi * 1.94, 24)
    tall = 1.22 if style == 1 else 1.1
    top = np.stack([(width + 0.06) * np.cos(t), tall * np.sin(t)], 1)
    part = 0.15 * (style - 1)
    fringe = _curve((width - 0.06, -0.3), (part, line - 0.2), (-width + 0.06, -0.3))
    pen.fill(np.concatenate([top, fringe]), person.hair)


def _glasses(pen: Pen, person: Subject) -> None:
    for which in (-1, 1):
        rim = _ellipse(which * 0.34 * person.eye_gap, 0.01, 0.23, 0.2)
        pen.line(np.concatenate([rim, rim[:1]]), (30, 30, 35), 0.025)
    pen.line(np.array([[-0.12, 0.0], [0.12, 0.0]]), (30, 30, 35), 0.025)


def _light(image: np.ndarray, person: Subject) -> np.ndarray:
    """A gradient of brightness across the picture."""
    angle, strength = person.light
    t = np.linspace(-1, 1, len(image), dtype=np.float32)
    ramp = 1 + strength * (np.cos(angle) * t[None] + np.sin(angle) * t[:, None])
    return np.clip(image * ramp[..., None].astype(np.float32), 0, 255).astype(np.uint8)
