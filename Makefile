# `make help` says what each target does.
TOOL = go tool -modfile=tools.mod
BIN  = $$($(TOOL) -n $(1))

.DEFAULT_GOAL := help
.PHONY: help check fmt vet lint imports env-rule errors workflowcheck test model mutate faults replay rules docker-check demo dev bench history build clean

help: ## what each target does, and when you want it
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

check: fmt vet lint workflowcheck test model demo ## everything CI runs: before you hand in a change

fmt: ## fails if gofmt would change a file: part of check
	@bad=$$(gofmt -l .) && test -z "$$bad" || { echo "gofmt would change:"; echo "$$bad"; exit 1; }

vet: ## go vet on all packages: part of check
	go vet ./...

lint: imports env-rule errors ## staticcheck, imports, env-rule, errors: after a change to any Go file
	$(call BIN,staticcheck) ./...

# errcheck by itself doesn't know nolint. It exits 1 on findings and otherwise when it couldn't read the code.
errors: ## finds errors that are dropped without a //nolint:errcheck // why: part of lint
	@echo errcheck ./...; found=$$($(call BIN,errcheck) -exclude .errcheck-excludes -ignoretests ./... 2>&1); code=$$?; \
	test $$code -le 1 || { echo "$$found"; exit $$code; }; \
	bad=$$(echo "$$found" | grep -vE '//nolint:errcheck // .'); test -z "$$bad" || { echo "$$bad"; exit 1; }

imports: ## checks who imports whom (.depguard.yml): part of lint, after a new import
	$(call BIN,depguard) ./...

ENV = (os\.(Getenv|LookupEnv|Environ|ExpandEnv)|syscall\.Getenv)\b
env-rule: ## checks that only config (and rig) reads environment variables: part of lint
	@bad=$$(grep -rnE '$(ENV)' --include='*.go' --exclude='*_test.go' . | grep -vE '^\./config/|^\./rig/.*"VL_TEST_[A-Z]+"\)'); \
	test -z "$$bad" || { echo "$$bad"; echo "read it in config"; exit 1; }

workflowcheck: ## finds code in workflows that a replay may run differently: part of check
	$(call BIN,workflowcheck) -config workflowcheck.yaml ./workflows/...

test: ## all tests with the race detector, up to 30 minutes: part of check
	go test -race -timeout 30m ./...

model: ## 10,000 random commands on both databases: after a change to store
	go test ./store -count=1 -run ASmallModel -model.steps=5000 -timeout 30m

mutate: ## breaks rules and SQL one by one, tells which breaks no test sees: hours, resumes
	go run ./rig/mutate

faults: ## kills, stops, cuts and crowds what runs, asks for what was answered: 20 minutes
	VL_TEST_FORCE=1 go test -tags faults ./bench/faults -count=1 -v -timeout 60m -faults.long

replay: ## replays the recorded histories: after a change to workflows
	go test ./workflows -run Replay

history: ## records histories for new paths: after a new workflow path; commit them
	go test ./workflows -record

rules: ## writes docs/rules.md: after a change to a rule, its code or its tests
	go test . -run RulesTable -write

docker-check: ## checks docker-compose.yml: after a change to it or to config
	go test -count=1 -run 'Compose|Worker' .

demo: ## plays the whole story on real components: to see the product at work
	go run ./starter demo

dev: ## runs everything in one process: to try commands against it
	go run ./starter dev

bench: ## measures the figures of docs/benchmarks.md, up to an hour: before a release
	go test ./bench -run '^$$' -bench . -benchtime 1x -timeout 60m

build: ## builds bin/worker and bin/vlroles: for a machine without Go
	CGO_ENABLED=0 go build -trimpath -o bin/worker ./worker
	CGO_ENABLED=0 go build -trimpath -o bin/vlroles ./starter/vlroles

clean: ## deletes bin and .vlroles, data of dev included
	rm -rf bin .vlroles
