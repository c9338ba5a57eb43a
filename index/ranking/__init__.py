"""From a session to a ranked list. The service and the evaluation come here, and nothing else ranks."""
