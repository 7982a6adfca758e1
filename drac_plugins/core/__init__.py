"""What every plugin and the ingester share. `ingest` never imports `core.web`."""
