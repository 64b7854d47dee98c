"""The state of an embedded account by product; `diagnose.embedded.state` puts it together."""
