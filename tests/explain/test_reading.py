"""One model reads one study: whole, repeatable, refusing what is no chest film, encoding once."""

from types import SimpleNamespace

import pytest
import torch

from rrg.data.datasets import load_studies
from rrg.data.images import load_radiograph
from rrg.explain import statement
from rrg.explain.reading import examine, read_study, weigh
from rrg.models.checkpoint import load_checkpoint
from rrg.models.screen import Verdict
from rrg.retrieval.build import build_gallery
from rrg.retrieval.texts import TextSource
from rrg.types import Fit, RrgError, View


class Proxy:
    """A checkpoint whose screen says what a test wants, and which counts its encodings."""

    def __init__(self, checkpoint, verdicts):
        self._checkpoint, self._verdicts, self.encodings = checkpoint, verdicts, 0

    def __getattr__(self, name):
        return getattr(self._checkpoint, name)

    def examine(self, radiographs):
        return self._verdicts

    def encode(self, radiographs):
        self.encodings += 1
        return self._checkpoint.encode(radiographs)


@pytest.fixture(scope="module")
def made(tiny_checkpoint, cohort):
    checkpoint = load_checkpoint(tiny_checkpoint)
    study = load_studies(cohort, "val")[1]
    return SimpleNamespace(
        checkpoint=checkpoint,
        gallery=build_gallery(checkpoint, load_studies(cohort, "train")),
        texts=TextSource.folder(cohort),
        study=study,
        films=[load_radiograph(p, view=v) for p, v in zip(study.images, study.views, strict=True)],
    )


def chest(made, lateral=0.0):
    return Proxy(made.checkpoint, [Verdict(0.5, lateral)] * len(made.films))


def test_a_reading_is_whole_and_the_same_again(made):
    first, second = (read_study(chest(made), made.gallery, made.texts, made.films, k=3) for _ in range(2))
    assert first.revision == made.checkpoint.revision
    assert len(first.neighbours) == 3
    assert all(neighbour.text for neighbour in first.neighbours)
    assert (first.report, first.neighbours, first.hard_negatives) == (
        second.report, second.neighbours, second.hard_negatives,
    )  # fmt: skip


def test_neighbours_are_those_of_the_image_embedding(made):
    reading = read_study(chest(made), made.gallery, made.texts, made.films, k=4)
    image = made.checkpoint.embed_images(made.checkpoint.encode(made.films))[0].numpy()
    expected = sorted(
        range(len(made.gallery)), key=lambda row: (-float(made.gallery.report[row] @ image), row)
    )[:4]
    similarities = [made.gallery.report[row] @ image for row in expected]
    assert [n.similarity for n in reading.neighbours] == pytest.approx(similarities, abs=1e-5)


def test_a_given_positive_is_the_truth_of_the_negatives(made):
    text = "There is a large right pneumothorax."
    reading = read_study(chest(made), made.gallery, made.texts, made.films, positive=text)
    encoded = made.checkpoint.encode(made.films)
    expected = weigh(made.checkpoint, encoded, [text])[0].alignment
    assert reading.hard_negatives.positive_alignment == pytest.approx(expected, abs=1e-6)


def test_what_is_no_chest_film_is_refused_unless_forced(made):
    stranger = Proxy(made.checkpoint, [Verdict(0.4, 0.0), Verdict(2.5, 0.0)])
    with pytest.raises(RrgError, match=r"chest radiograph: image 2 \(distance 2.50\)"):
        read_study(stranger, made.gallery, made.texts, made.films)
    assert stranger.encodings == 0
    assert read_study(stranger, made.gallery, made.texts, made.films, force=True).neighbours


def test_a_missing_screen_is_said(made):
    examined = examine(Proxy(made.checkpoint, None), made.films)
    assert examined.refusal is None
    assert "cannot tell" in examined.warnings[-1]
    assert statement.screen_json(examined)["chest_radiograph"] is None


def test_an_untold_view_is_guessed_and_said_a_told_one_is_kept(made):
    untold = [load_radiograph(made.study.images[0])]
    assert untold[0].view is View.UNKNOWN
    examined = examine(Proxy(made.checkpoint, [Verdict(0.5, 0.9)]), untold)
    assert examined.films[0].view is View.LATERAL
    assert "lateral" in examined.warnings[-1]
    told = examine(chest(made, lateral=0.9), made.films)
    assert [film.view for film in told.films] == [View.FRONTAL, View.LATERAL]


def test_what_is_encoded_and_drafted_is_not_done_again(made):
    proxy = chest(made)
    encoded = made.checkpoint.encode(made.films)
    draft = "There is a large right pneumothorax. The heart is normal."
    reading = read_study(proxy, made.gallery, made.texts, made.films, encoded=encoded, draft=draft)
    assert proxy.encodings == 0
    assert reading.report.text == draft
    assert len(reading.sentences) == 2
    assert any(finding.label == "Pneumothorax" for finding in reading.findings)


def test_a_model_that_writes_nothing_has_no_negatives(made):
    encoded = made.checkpoint.encode(made.films)
    reading = read_study(chest(made), made.gallery, made.texts, made.films, encoded=encoded, draft="")
    assert reading.hard_negatives is None
    assert reading.findings == ()


def test_sampling_follows_the_seed_and_leaves_the_callers_generator_alone(made):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    drafts = [
        read_study(
            chest(made), made.gallery, made.texts, made.films, seed=seed, decoding={"do_sample": True}
        ).report
        for seed in (1, 1, 2)
    ]
    assert torch.rand(1) == expected
    assert drafts[0] == drafts[1] != drafts[2]


def test_weighing_nothing_or_only_unknown_words_is_absence(made):
    encoded = made.checkpoint.encode(made.films)
    known, nothing, strange = weigh(made.checkpoint, encoded, ["The lungs are clear.", " ", "zyx zyx"])
    assert nothing == Fit(None, None, None)
    assert -1 <= known.alignment <= 1
    assert known.total == pytest.approx(known.per_token * known.tokens)
    assert known.total < 0
    assert (known.unknown, known.cut) == (0, False)
    assert strange.unknown == 2
    assert weigh(made.checkpoint, encoded, []) == ()


def test_a_text_weighs_the_same_alone_and_beside_a_longer_one(made):
    encoded = made.checkpoint.encode(made.films)
    short, long = "No pneumothorax.", "The lungs are clear. Heart size is normal. " * 20
    beside, cut = weigh(made.checkpoint, encoded, [short, long])
    (alone,) = weigh(made.checkpoint, encoded, [short])
    assert beside.total == pytest.approx(alone.total, abs=1e-4)
    assert beside.alignment == pytest.approx(alone.alignment, abs=1e-5)
    assert (beside.cut, cut.cut) == (False, True)


def test_the_statement_marks_what_is_synthetic_absent_and_forced(made):
    stranger = Proxy(made.checkpoint, [Verdict(3.0, 0.0)] * 2)
    examined = examine(stranger, made.films)
    texts = TextSource.absent("no texts here")
    text = "There is a large right pneumothorax."
    reading = read_study(stranger, made.gallery, texts, made.films, positive=text, force=True)
    value = statement.as_json(reading, examined, {"revision": "r", "texts": texts.name}, [texts.reason])
    assert value["hard_negatives"]["note"] == "synthetic, false by construction"
    assert value["neighbours"][0]["text"] is None
    assert value["neighbours"][0]["source"] is None
    assert value["screen"]["read_against_screen"] is True
    shown = statement.as_text(value)
    for part in ("READ ALTHOUGH", "text not at hand", "synthetic, false by construction", "no texts here"):
        assert part in shown


def test_a_reading_tells_its_readable_negatives_and_what_is_false_in_them(made):
    reading = read_study(
        chest(made), made.gallery, made.texts, made.films, positive="There is a large right pneumothorax."
    )
    value = statement.as_json(
        reading, examine(chest(made), made.films), {"texts": "made", "revision": "r"}, []
    )
    path = value["hard_negatives"]["path"]
    assert all(point["readable"]["note"] == statement.SYNTHETIC for point in path)
    assert all(len(p["readable"]["origins"]) == len(p["readable"]["sentences"]) for p in path)
    text = statement.as_text(value)
    for point, found in zip(reading.hard_negatives.path, path, strict=True):
        assert found["readable"]["text"] == point.readable.text
        assert point.readable.text in text
        assert f"false in it: {'; '.join(point.readable.differences)}" in text
    bare = read_study(chest(made), made.gallery, made.texts, made.films, positive="Edema.", readable=False)
    assert {point.readable for point in bare.hard_negatives.path} == {None}
