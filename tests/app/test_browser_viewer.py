"""The viewer's script in a real browser, by mouse, keyboard and touch, on made films. No server takes part."""

import json
import re

import numpy as np
import pytest

from rrg.app import viewer
from rrg.app.truth import runs
from rrg.app.view.server import STYLE
from rrg.app.view.viewer_panel import FRAME, SCRIPT
from rrg.types import Radiograph, Saliency, View
from tests.app.browsing import canvas, part, settle, window

pytestmark = pytest.mark.browser
HOSTILE = "${alert(1)} {{value}} <img src=x onerror=alert(1)> `</script>"
BLACK = [5, 8, 11]  # the ground around a film


def film(pixels, view=View.FRONTAL) -> Radiograph:
    return Radiograph(np.asarray(pixels, dtype=np.float32), view, "PNG", 16, ())


def ramp(size: int = 300) -> np.ndarray:
    """Grey rises from left to right."""
    return np.tile(np.linspace(0, 1, size, dtype=np.float32), (size, 1))


def opened(browser, films, heat=None, **options):
    """The viewer on a page of its own, as gradio mounts it; `give(name, value)` hands it a property."""
    page = browser.new_page(viewport={"width": 800, "height": 900}, **options)
    page.alerts = []
    page.on("dialog", lambda dialog: (page.alerts.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: page.alerts.append(str(error)))
    page.set_content(f"<style>{STYLE.read_text()}</style><div id='viewer' style='width:600px'>{FRAME}</div>")
    given = json.dumps({"value": viewer.pictures(films), "titles": viewer.titles(films), "heat": heat})
    page.evaluate(
        f"""(given) => {{ {SCRIPT.read_text()}
        const heard = {{}}, props = JSON.parse(given);
        window.give = (name, value) => {{ props[name] = value; heard[name](); }};
        mountViewer(document.querySelector("#viewer"), props, (name, act) => {{ heard[name] = act; }}); }}""",
        given,
    )
    settle(page)
    return page


@pytest.fixture
def page(browser):
    page = opened(browser, [film(ramp()), film(1 - ramp(), View.LATERAL)])
    yield page
    assert page.alerts == []
    page.close()


def middle_row(page) -> np.ndarray:
    """Grey along the middle of the film, without the ground at its sides."""
    shown = canvas(page)
    row = shown[shown.shape[0] // 2]
    inside = (row != BLACK).any(axis=1)
    return row[inside, 0]


def box(page):
    b = part(page, "stage").bounding_box()
    return b["x"], b["y"], b["width"], b["height"]


def drag(page, dx, dy, **options):
    x, y, w, h = box(page)
    page.mouse.move(x + w / 2, y + h / 2)
    page.mouse.down(**options)
    page.mouse.move(x + w / 2 + dx, y + h / 2 + dy, steps=4)
    page.mouse.up(**options)


def test_the_film_is_shown_whole_with_its_own_greys(page):
    row = middle_row(page)
    assert abs(len(row) - min(box(page)[2:])) <= 2
    assert row[0] <= 3
    assert row[-1] >= 252
    assert (np.diff(row) >= -1).all()
    assert window(page) == "window 100 % · level 50 % · zoom 1.0×"


def test_dragging_sideways_widens_the_window_and_downwards_lifts_the_level(page):
    before = middle_row(page)
    drag(page, -150, 0)
    narrow = middle_row(page)
    assert ((narrow == 0) | (narrow == 255)).sum() > ((before == 0) | (before == 255)).sum() + 50
    level = middle_row(page).mean()
    drag(page, 0, 100)
    assert middle_row(page).mean() < level - 10
    width, at = map(int, re.findall(r"(\d+) %", window(page)))
    assert width < 60
    assert at > 55


def test_a_narrow_window_tells_16_bit_values_apart_that_8_bits_merge(browser):
    pixels = np.full((300, 300), 0.5, dtype=np.float32)
    pixels[:, 150:] += 40 / 65535  # less than a sixth of one step of 8 bits
    page = opened(browser, [film(pixels)])
    flat = middle_row(page)
    assert len(set(flat.tolist())) == 1
    part(page, "stage").focus()
    for _ in range(40):
        page.keyboard.press("[")
    assert window(page).startswith("window 1 %")
    row = middle_row(page)
    assert row[-20] > row[20]
    page.close()


def test_the_wheel_zooms_and_the_point_under_the_mouse_stays(page):
    x, y, w, h = box(page)
    at = (int(w / 2 - 100), int(h / 2))
    before = canvas(page)[at[1], at[0]]
    page.mouse.move(x + at[0], y + at[1])
    page.mouse.wheel(0, -600)
    assert float(re.search(r"zoom ([\d.]+)", window(page))[1]) > 2
    after = canvas(page)
    assert abs(after[at[1], at[0]] - before).max() <= 3
    span = after[at[1]][:, 0]
    assert np.ptp(span) < 200


def test_the_right_button_and_the_pan_tool_move_the_film(page):
    y, x = (int(v / 2) for v in reversed(box(page)[2:]))
    before = canvas(page)[y, x, 0]
    drag(page, 90, 0, button="right")
    assert canvas(page)[y, x, 0] < before - 20
    part(page, "panning").click()
    assert part(page, "panning").get_attribute("aria-pressed") == "true"
    drag(page, -90, 0)
    assert abs(canvas(page)[y, x, 0] - before) <= 3
    assert window(page).startswith("window 100 %")


def test_every_key_of_the_help_line_does_what_it_says(page):
    stage = part(page, "stage")
    stage.focus()
    start = canvas(page)

    def pressed(key):
        page.keyboard.press(key)
        return canvas(page)

    assert (pressed("i")[300, 300] == 255 - start[300, 300]).all()
    assert part(page, "invert").get_attribute("aria-pressed") == "true"
    assert (pressed("r") == start).all()
    for key in ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"):
        assert (pressed(key) != start).any(), key
        pressed("r")
    pressed("+")
    assert "zoom 1.3×" in window(page)
    pressed("-")
    for key, said in (("]", "window 116 %"), ("[", "window 100 %"), (".", "level 55 %"), (",", "level 50 %")):
        pressed(key)
        assert said in window(page), key
    flipped = pressed("v")
    assert "Film 2, lateral" in stage.get_attribute("aria-label")
    assert flipped[300, 150, 0] > start[300, 150, 0]


def test_each_film_keeps_its_own_window(page):
    part(page, "invert").click()
    part(page, "view").click()
    assert "inverted" not in window(page)
    part(page, "view").click()
    assert "inverted" in window(page)


def test_changes_are_spoken_after_a_pause(page):
    part(page, "invert").click()
    page.wait_for_function("document.querySelector('[data-part=spoken]').textContent.includes('inverted')")
    assert part(page, "spoken").get_attribute("aria-live") == "polite"


def test_two_fingers_zoom(browser):
    page = opened(browser, [film(ramp())], has_touch=True)
    x, y, w, h = box(page)
    touch = page.context.new_cdp_session(page)

    def fingers(kind, *gaps):
        points = [
            {"x": x + w / 2 + s * g / 2, "y": y + h / 2, "id": i} for g in gaps for i, s in enumerate((-1, 1))
        ]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", 60)
    for gap in (80, 120, 180):
        fingers("touchMove", gap)
    fingers("touchEnd")
    assert 2.5 < float(re.search(r"zoom ([\d.]+)", window(page))[1]) < 3.5
    assert page.alerts == []
    page.close()


def maps(peak: float) -> list[Saliency]:
    values = np.zeros((20, 20), dtype=np.float32)
    values[:, 10:] = peak
    values[:4] = np.nan
    return [Saliency(values, View.FRONTAL, 0)]


def test_heat_maps_lie_side_by_side_on_one_scale_and_can_be_faded(page):
    flat = [film(np.full((300, 300), 0.3, dtype=np.float32))]
    heat = viewer.heat(flat, {"weak": maps(1.0), "strong": maps(8.0)}, sentence=HOSTILE)
    page.evaluate("([v, t, h]) => { give('value', v); give('titles', t); give('heat', h); }",
                  [viewer.pictures(flat), viewer.titles(flat), heat])  # fmt: skip
    shown = canvas(page)
    height, width, _ = shown.shape
    row = shown[height // 2]
    warmth = row[:, 0] - row[:, 2]  # red beyond blue: evidence
    side = int(min(width / 2, height))
    weak, strong = (int(width * pane / 4 + side / 4) for pane in (1, 3))
    bare = int(width / 4 - side / 4)
    assert abs(warmth[bare]) <= 2  # no evidence: the film's own grey
    assert np.ptp(row[bare]) <= 2
    assert warmth[strong] > 40
    assert abs(warmth[weak]) < warmth[strong] / 2
    outside = shown[int(height / 2 - side * 0.45) :][:10, bare - 20 : bare + 20]
    assert len(np.unique(outside.reshape(-1, 3), axis=0)) > 1  # hatched
    assert part(page, "names").locator("span").all_inner_texts() == ["weak", "strong"]
    assert part(page, "sentence").text_content() == HOSTILE
    assert part(page, "end").text_content() == "8"
    part(page, "opacity").fill("0")
    faded = canvas(page)[height // 2]
    assert np.ptp(faded[strong]) <= 2


def test_the_reader_chooses_one_map_or_none(page):
    frontal, lateral = film(ramp()), film(1 - ramp(), View.LATERAL)
    heat = viewer.heat([frontal, lateral], {"a": maps(1.0), "b": maps(2.0)}, sentence="Made.")
    before = canvas(page)
    page.evaluate("(h) => give('heat', h)", heat)
    assert part(page, "heat").is_visible()
    part(page, "map").select_option(label="b")
    one = canvas(page)
    assert (one != before).any()
    part(page, "view").click()
    lateral_with = canvas(page)
    part(page, "map").select_option(label="No heat map")
    assert (canvas(page) == lateral_with).all()  # no map was given for the lateral film
    part(page, "view").click()
    assert part(page, "names").inner_text().strip() == ""
    page.evaluate("() => give('heat', null)")
    assert not part(page, "heat").is_visible()


def test_names_from_elsewhere_stay_text(page):
    page.evaluate("(name) => give('titles', [name, name])", HOSTILE)
    settle(page)
    assert HOSTILE in part(page, "shown").text_content()
    assert page.locator("#viewer img").count() == 0


def test_a_sharp_screen_gets_its_own_pixels(browser):
    page = opened(browser, [film(ramp())], device_scale_factor=2)
    assert canvas(page).shape[1] == 2 * round(box(page)[2])
    assert abs(len(middle_row(page)) - 2 * min(box(page)[2:])) <= 4
    page.close()


def test_without_a_film_nothing_can_be_done_and_nothing_breaks(browser):
    page = opened(browser, [])
    assert part(page, "empty").is_visible()
    assert not part(page, "tools").is_visible()
    part(page, "stage").focus()
    for key in ("i", "v", "ArrowLeft"):
        page.keyboard.press(key)
    page.mouse.move(200, 200)
    page.mouse.wheel(0, 100)
    assert (canvas(page) == BLACK).all()
    assert page.alerts == []
    page.close()


def test_a_true_mask_is_outlined_where_it_is_and_named(browser):
    """A mask over rows 30 to 59 and columns 20 to 49 of a grey film of 100 x 100."""
    page = opened(browser, [film(np.full((100, 100), 0.5))])
    plain = canvas(page)
    mask = np.zeros((100, 100), dtype=bool)
    mask[30:60, 20:50] = True
    fact = {"name": HOSTILE, "films": [{"width": 100, "height": 100, "runs": runs(mask)}]}
    page.evaluate("(truth) => give('truth', truth)", {"label": "SIMULATED", "facts": [fact]})
    assert part(page, "simulated").inner_text() == "SIMULATED"
    assert (canvas(page) == plain).all()
    part(page, "stage").focus()
    page.keyboard.press("t")
    changed = (canvas(page) != plain).any(axis=-1)
    height, width = changed.shape
    scale = min(height, width) / 100
    top, left = (height - 100 * scale) / 2, (width - 100 * scale) / 2

    def at(row, column):
        return changed[round(top + row * scale), round(left + column * scale)]

    assert all(at(*edge) for edge in ((30, 35), (60, 35), (45, 20), (45, 50)))
    assert not any(at(*off) for off in ((45, 35), (35, 45), (65, 35), (45, 15), (45, 55), (80, 80)))
    assert part(page, "legend").inner_text() == f"1 {HOSTILE}"
    page.evaluate("give('truth', {})")
    assert (canvas(page) == plain).all()
    assert part(page, "truth").is_hidden()
    assert part(page, "simulated").is_hidden()
    assert page.alerts == []
    page.close()
