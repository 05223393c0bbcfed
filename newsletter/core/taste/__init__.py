"""What a subscriber would choose: terms, vectors, profiles, reasons. Pure; scipy is ``adapters/infra``'s."""
