"""What the routes take and answer, as the OpenAPI document shows it."""
