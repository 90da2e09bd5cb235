"""Calculations: tasks, engines, store, start structures, data sets, moduli."""
