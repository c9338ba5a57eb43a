"""The processes of the service: the API on its socket, and API and worker kept running together."""
