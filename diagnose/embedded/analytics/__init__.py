"""What an embedded account counts, and how it is asked: D1's queries by hour, GraphQL, telemetry."""
