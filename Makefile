# The only commands to know. Each is one line; what it does is in .ci/.
.PHONY: run test watch lint bench package build setup
run:     ; @.ci/build && exec target/release/parlor serve
test:    ; @.ci/test
watch:   ; @.ci/watch
lint:    ; @.ci/lint
bench:   ; @.ci/build && .ci/bench
package: ; @.ci/build && .ci/package
build:   ; @.ci/build
setup:   ; @.ci/setup test
