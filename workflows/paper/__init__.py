"""The founding paper, recomputed."""
