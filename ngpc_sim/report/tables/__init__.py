"""Tables on the terminal; rich enters here."""
