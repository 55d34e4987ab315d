"""Two tiny, randomly initialised checkpoints with galleries, on disk, from made-up sentences."""

from pathlib import Path

import numpy as np
import torch

from rrg.data.findings import encode_findings, label_report
from rrg.data.preprocess import Preprocessing
from rrg.data.tokenizer import build_tokenizer
from rrg.models.checkpoint import load_checkpoint, save_checkpoint
from rrg.models.registry import create
from rrg.retrieval.gallery import Gallery

REPORTS = (
    "The heart size is normal. No pleural effusion or pneumothorax.",
    "Small right pleural effusion. The heart is mildly enlarged.",
    "Large left pneumothorax. No pleural effusion.",
    "Old left rib fracture. The lungs are clear.",
)


def make_collection(root: Path, names=("baseline", "hard-negative")) -> Path:
    """`root`/made/<name> for each name; other seeds, so that their reports differ."""
    tokenizer = build_tokenizer(REPORTS, min_frequency=1)
    for seed, name in enumerate(names):
        torch.manual_seed(seed)
        model = create(
            "transformer", vocab_size=len(tokenizer), backbone="test_efficientnet", image_size=64,
            hidden_size=32, num_attention_heads=2, num_hidden_layers=1, encoder_layers=1,
            embedding_size=16, max_tokens=12,
        )  # fmt: skip
        folder = root / "made" / name
        save_checkpoint(folder, model.eval(), tokenizer, Preprocessing(size=64), None, {"made": True})
        _gallery(folder)
    return root


def _gallery(folder: Path) -> None:
    checkpoint = load_checkpoint(folder)
    rows = checkpoint.embed_reports(REPORTS).numpy().astype(np.float32)
    ids = tuple(f"MADE{i}" for i in range(len(REPORTS)))
    Gallery(
        rows, rows, ids, ("",) * len(ids), ids, ((),) * len(ids),
        tuple(encode_findings(label_report(text)) for text in REPORTS), revision=checkpoint.revision,
    ).save(folder)  # fmt: skip
