"""What a request carries: JSON of a limited size, and rows of events, each read or refused with its reason."""
