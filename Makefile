.PHONY: typing lint types test ci

typing:
	mkdir -p .typing/licoat
	for package in structures thermo workflows; do ln -sfn ../../$$package .typing/licoat/$$package; done

lint:
	ruff check .
	ruff format --check .

types: typing
	mypy .typing/licoat/structures .typing/licoat/thermo .typing/licoat/workflows
	pyright

test:
	pytest

ci:
	bash .ci/run
