//go:build unix && !linux

package rig

import "syscall"

func bind(a *syscall.SysProcAttr) { a.Setpgid = true }
