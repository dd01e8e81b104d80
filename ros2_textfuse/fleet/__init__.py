"""Many recordings: evaluated side by side into a store of Parquet files, and what the store tells."""
