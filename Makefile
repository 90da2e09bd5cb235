.PHONY: typing lint types book rooms test ci

typing:
	mkdir -p .typing/licoat
	for package in structures thermo workflows; do ln -sfn ../../$$package .typing/licoat/$$package; done

lint:
	ruff check .
	ruff format --check .

types: typing
	mypy .typing/licoat/structures .typing/licoat/thermo .typing/licoat/workflows
	pyright

book:
	python3 -m licoat.workflows.output.book docs/physics.md

rooms:
	python3 tests/rooms.py

test:
	pytest

ci:
	bash .ci/run
