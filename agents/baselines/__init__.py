"""Classical controllers: the yardsticks."""
