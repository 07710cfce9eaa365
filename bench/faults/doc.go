// Package faults holds what the engine promises against what happens to it: workers that are killed and
// stopped, servers that are restarted, networks that cut, delay and swallow, and many callers on the same
// people. What was answered must have happened afterwards, and nothing may wait for what never comes.
//
// Its tests print the seed of what is picked at random; -faults.seed repeats it. -faults.long takes minutes.
package faults
