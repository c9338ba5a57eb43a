"""A reader of the service while others try to stop it."""
