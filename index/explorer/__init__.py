"""What people look at instead of read: the map of the items, and suggestions as one types."""
