package rig

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// errEndedAtOnce says that a server ended before it answered.
var errEndedAtOnce = errors.New("it ended at once")

func isEndedAtOnce(err error) bool { return errors.Is(err, errEndedAtOnce) }

// patience is how long a process may take to end when it is told to.
const patience = 20 * time.Second

// process is a child that a Ctrl-C at our terminal doesn't reach, and that dies
// with us where the system can see to that.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

func start(cmd *exec.Cmd) (*process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	bind(cmd.SysProcAttr)
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// Linux kills the child when the thread that started it ends:
		// this one lives as long as the child does.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended doesn't matter: it was told to, or nobody can do anything about it
			close(p.done)
		}
	}()
	return p, <-started
}

// ended tells whether the process has ended. It doesn't wait.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// stop signals the process and waits for its end; one that can't be told or
// takes longer than its patience is killed.
func (p *process) stop(s os.Signal) {
	if p.cmd.Process.Signal(s) == nil {
		select {
		case <-p.done:
			return
		case <-time.After(patience):
		}
	}
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.done
}
