"""The foot of the page: the reading as files to keep."""

from __future__ import annotations

from rrg.app.view.desk import Part


class ExportPanel(Part):
    """Files are written when they are asked for and deleted with the uploads."""
