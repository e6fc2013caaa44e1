# Every target does its own set-up: scripts/need.sh sees to the Debian packages (installs them as root, otherwise names
# them and stops), scripts/modules.sh to the Node modules, scripts/build.sh to build/. Each does nothing when nothing changed.

.DEFAULT_GOAL := build
.NOTPARALLEL:
.PHONY: build demo test unit lab lab-kernels libvirt-lab soak browser screenshots lint format bench fuzz audit deb rpm packages tarball service-lab docs clean help need-build need-unit need-lab need-browser need-bench need-package need-service need-kernels need-test modules compile

# More for the lab's launcher, for example: make lab LAB_ARGS='--jobs 1 build/test/lab/vlan.lab.js'
LAB_ARGS ?=
# More for the benchmark, for example: make bench BENCH_ARGS=--quick
BENCH_ARGS ?=
# More for the fuzzer, for example: make fuzz FUZZ_ARGS='--seconds 600 --seed 7 netlink frames'
FUZZ_ARGS ?=
# The architecture of deb, rpm and tarball: x64 or arm64; by default this machine's
ARCH ?=
# The kernels of lab-kernels; all by default
KERNELS ?=
# The versions for libvirt-lab, for example: make libvirt-lab LIBVIRT=11.3; all by default
LIBVIRT ?=
# More for the soak, for example: make soak SOAK_ARGS='--minutes 2 soak'
SOAK_ARGS ?=

build: need-build compile ## compile and bundle to build/; bin/bondherald runs from there (the default)

demo: need-lab compile ## the same failover with and without the daemon, drawn in the terminal
	@node build/test/lab/demo/main.js

test: need-test lint unit ## lint, unit tests, the labs, the browser: what CI runs
	@scripts/kernel-root.sh 6.12
	@scripts/lab.sh both
	@scripts/browser.sh

unit: need-unit compile ## unit tests only
	@scripts/unit.sh

lab: need-lab compile ## lab tests only, without the two-CPU lab (LAB_ARGS='--jobs 1 FILE...')
	@scripts/lab.sh one $(LAB_ARGS)

lab-kernels: need-kernels compile ## lab tests on other kernels, into docs/kernels.md; needs root, an hour or two (KERNELS='6.12')
	@scripts/kernel-root.sh 6.12 7.2
	@node build/test/lab/kernels.js $(KERNELS)

libvirt-lab: need-kernels compile ## guests of real libvirt and QEMU, 9.0, 11.3 and 12.8; needs root, a quarter of an hour (LIBVIRT=11.3)
	@scripts/libvirt-lab.sh $(LIBVIRT)

soak: need-lab compile ## hundreds of faults and ten minutes of failovers, into docs/reliability.md (SOAK_ARGS='--minutes 2 soak')
	@node build/test/soak/main.js $(SOAK_ARGS)

browser: need-browser compile ## the status page of a real daemon in a real Chromium
	@scripts/browser.sh

screenshots: need-browser compile ## docs/status-*.png, the status page before and after a failover
	@node build/test/browser/screenshots.js

lint: need-build modules ## ESLint with the room rules, Prettier, no registry addresses in the lock file
	@scripts/lint.sh

format: need-build modules ## format every file
	@node_modules/.bin/prettier --log-level warn --write .

bench: need-bench compile ## benchmarks into docs/benchmarks.md (BENCH_ARGS='--quick', or sections: 'idle snooping')
	@node build/test/bench/main.js $(BENCH_ARGS)

docs: need-build compile ## docs/metrics.md, from the table of the metrics
	@scripts/metrics-document.sh

fuzz: need-unit compile ## fuzz every reader of external bytes, a minute each (FUZZ_ARGS='--seconds 600 netlink frames')
	@node --enable-source-maps build/test/fuzz/main.js $(FUZZ_ARGS)

audit: need-build ## known vulnerabilities of the dependencies (docs/dependencies.md)
	@npm audit

deb: need-package compile ## Debian package in dist/, with its own Node.js runtime (ARCH=arm64)
	@scripts/deb.sh $(ARCH)

rpm: need-package compile ## RPM package in dist/, for RHEL 8 and newer and its kin (ARCH=arm64)
	@scripts/rpm.sh $(ARCH)

tarball: need-package compile ## the same for other distributions: a tarball in dist/ with install.sh
	@scripts/tarball.sh $(ARCH)

packages: need-package compile ## deb, rpm and tarball for x64 and arm64 in dist/, with SHA256SUMS
	@scripts/all-packages.sh

service-lab: need-service compile ## installs the package in a Debian with a real systemd: unit, watchdog, sandbox, purge
	@scripts/service-lab.sh all

clean: ## remove build/ and dist/
	@rm -rf build dist

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/make \1\t\2/p' Makefile | expand -t 18

need-build:
	@scripts/need.sh build

need-unit:
	@scripts/need.sh build unit

need-lab:
	@scripts/need.sh build lab

need-bench:
	@scripts/need.sh build lab bench

need-package:
	@scripts/need.sh build package

need-service:
	@scripts/need.sh build lab package debian

need-kernels:
	@scripts/need.sh build lab smp2 debian

need-browser:
	@scripts/need.sh build lab browser

need-test:
	@scripts/need.sh build unit lab smp2 debian browser

modules:
	@scripts/modules.sh

compile: modules
	@scripts/build.sh
