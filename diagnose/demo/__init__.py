"""The bundled broken project: its files, its recorded answer, and the account it is found in."""
