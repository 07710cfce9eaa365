# make help explains itself. `make check` is what CI runs.
TOOL = go tool -modfile=tools.mod
BIN  = $$($(TOOL) -n $(1))

.DEFAULT_GOAL := help
.PHONY: help check fmt vet lint imports env-rule errors workflowcheck test model replay rules docker-check demo dev bench history build clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

check: fmt vet lint workflowcheck test model demo ## everything that must pass; CI runs this

fmt: ## gofmt changes nothing
	@bad=$$(gofmt -l .) && test -z "$$bad" || { echo "gofmt would change:"; echo "$$bad"; exit 1; }

vet: ## go vet
	go vet ./...

lint: imports env-rule errors ## staticcheck, errcheck, who may import whom
	$(call BIN,staticcheck) ./...

# errcheck by itself doesn't know nolint. It exits 1 on findings and otherwise when it couldn't read the code.
errors: ## no error is dropped, unless its line says //nolint:errcheck // why
	@echo errcheck ./...; found=$$($(call BIN,errcheck) -exclude .errcheck-excludes -ignoretests ./... 2>&1); code=$$?; \
	test $$code -le 1 || { echo "$$found"; exit $$code; }; \
	bad=$$(echo "$$found" | grep -vE '//nolint:errcheck // .'); test -z "$$bad" || { echo "$$bad"; exit 1; }

imports: ## the import rules of .depguard.yml
	$(call BIN,depguard) ./...

ENV = (os\.(Getenv|LookupEnv|Environ|ExpandEnv)|syscall\.Getenv)\b
env-rule: ## environment variables are read in config alone (rig reads the two that steer tests)
	@bad=$$(grep -rnE '$(ENV)' --include='*.go' --exclude='*_test.go' . | grep -vE '^\./config/|^\./rig/.*"VL_TEST_[A-Z]+"\)'); \
	test -z "$$bad" || { echo "$$bad"; echo "read it in config"; exit 1; }

workflowcheck: ## workflows do the same again on replay
	$(call BIN,workflowcheck) -config workflowcheck.yaml ./workflows/...

test: ## all tests, with the race detector
	go test -race -timeout 30m ./...

model: ## ten thousand random commands, half of them on each database, against the model
	go test ./store -count=1 -run ASmallModel -model.steps=5000 -timeout 30m

replay: ## the kept histories go the same way again
	go test ./workflows -run Replay

history: ## keep the histories of paths that have none yet
	go test ./workflows -record

rules: ## rewrite docs/rules.md
	go test . -run RulesTable -write

docker-check: ## docker-compose.yml is whole, and the configuration takes what it gives
	go test -count=1 -run 'Compose|Worker' .

demo: ## the whole story on real components
	go run ./starter demo

dev: ## everything in one process, left running
	go run ./starter dev

bench: ## the figures of docs/benchmarks.md
	go test ./bench -run '^$$' -bench . -benchtime 1x -timeout 60m

build: ## bin/worker and bin/vlroles
	CGO_ENABLED=0 go build -trimpath -o bin/worker ./worker
	CGO_ENABLED=0 go build -trimpath -o bin/vlroles ./starter/vlroles

clean: ## what builds and runs left behind
	rm -rf bin .vlroles
