"""The two numbers that an epoch is judged by: likelihood of the val reports and retrieval. Knows no generated text."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from rrg.objective.losses import report_loss
from rrg.training.source import Source


@torch.no_grad()
def validate(model: Any, source: Source, unknown: int, batch_size: int = 32) -> dict[str, float]:
    """-> val_loss (nats a known token) and val_recall_at_10 (image to its own report among all of the split)."""
    model.eval()
    total, tokens, images, reports = 0.0, 0, [], []
    for start in range(0, len(source), batch_size):
        batch = source.batch(np.arange(start, min(start + batch_size, len(source)))).to(model.device)
        encoded = model.encode(batch.pixels, batch.views, batch.features)
        nats, count = report_loss(
            model.report_logits(encoded, batch.tokens, batch.mask), batch.tokens, batch.mask, unknown
        )
        total, tokens = total + float(nats), tokens + int(count)
        images.append(model.heads.embed_image(encoded.pooled).cpu())
        reports.append(model.heads.embed_report(model.report_features(batch.tokens, batch.mask)).cpu())
    similarity = torch.cat(images) @ torch.cat(reports).T
    better = (similarity >= similarity.diagonal()[:, None]).sum(1)  # ties count against the model
    return {"val_loss": total / tokens, "val_recall_at_10": float((better <= 10).float().mean())}
