package rig

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A child that only waits for the end of its input, and says that it runs.
const waiting = "echo running; read line"

// asParent is set for the process that TestAChildDiesWithAKilledParent kills: this program once more.
const asParent = "VL_TEST_PARENT"

func init() {
	if os.Getenv(asParent) == "" {
		return
	}
	cmd := exec.Command("/bin/sh", "-c", "trap '' HUP INT TERM; echo running; exec sleep 600")
	cmd.Stdout = os.NewFile(3, "child")
	p, err := start(cmd)
	if err != nil {
		panic(err)
	}
	<-p.done
	os.Exit(0)
}

func TestAChildDiesWithAKilledParent(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // the test is over
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), asParent+"=1")
	parent.ExtraFiles = []*os.File{w}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	child := bufio.NewReader(r)
	if line, err := child.ReadString('\n'); line != "running\n" {
		t.Fatal(line, err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // it says that it was killed
	if err := r.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := child.ReadByte(); err != io.EOF { // the child's end of the pipe closes when it dies
		t.Fatalf("the child lives on: %v", err)
	}
}

func TestAProcessIsInAGroupOfItsOwn(t *testing.T) {
	p, in := child(t, waiting)
	group, err := syscall.Getpgid(p.cmd.Process.Pid)
	if err != nil || group == syscall.Getpgrp() {
		t.Fatal(group, err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	<-p.done
}

func TestAProcessEndsWhenItIsTold(t *testing.T) {
	p, _ := child(t, waiting)
	if p.ended() {
		t.Fatal("it has ended already")
	}
	p.stop(syscall.SIGTERM)
	if !p.ended() {
		t.Fatal("it runs on")
	}
	p.stop(syscall.SIGTERM) // and once more doesn't matter
}

// child starts a script and returns when it runs. It ends with the test.
func child(t *testing.T, script string) (*process, io.Closer) {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", script)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	cmd.Stdout = w
	p, err := start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.stop(syscall.SIGKILL) })
	if line, err := bufio.NewReader(r).ReadString('\n'); strings.TrimSpace(line) != "running" {
		t.Fatal(line, err)
	}
	return p, in
}
