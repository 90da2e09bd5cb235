"""The commands of ``licoat``, a module for each kind: its options, and what runs."""
