"""Files to studies, texts and labels. Knows no model."""
