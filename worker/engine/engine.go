// Package engine runs the workflows and activities of one process: two workers on two queues, wired to the
// store, the relay and the provisioner. The worker's main runs one; `starter dev`, `demo`, tests and
// benchmarks run one in their process.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"vlroles/activities/smtp"
	"vlroles/commands"
	"vlroles/config"
	"vlroles/licensing"
	"vlroles/store"
	"vlroles/workflows"
)

// Options is what an engine is made of. The mains fill it from the configuration; demo and tests as they need
// it.
type Options struct {
	Config    config.Config
	Temporal  client.Client
	Store     *store.Store
	Policy    licensing.Policy // usually Config.Policy()
	Jitter    time.Duration    // spread of timers that fire at one instant
	Patience  time.Duration    // how long an invitation's run may take to answer; 0: the default
	Log       *slog.Logger
	OnFailure func(error) // a worker gave up: the process should end
}

// maxJitter is the most by which timers that fire at one instant spread.
const maxJitter = 30 * time.Second

// Jitter is by how much timers that fire at one instant spread in production: 30 s, and no more than a tenth
// of the propagation, so that a short propagation stays short.
func Jitter(p licensing.Policy) time.Duration { return min(maxJitter, p.Propagation/10) }

// Engine is the running pair of workers.
type Engine struct {
	o       Options
	client  *commands.Client
	relay   *smtp.Relay
	workers []worker.Worker
	stop    sync.Once
}

// New wires an engine. Nothing runs before Start.
func New(o Options) (*Engine, error) {
	e := &Engine{o: o}
	steps, err := e.wire()
	if err != nil {
		return nil, err
	}
	e.workers = []worker.Worker{e.main(steps), e.mail(steps)}
	return e, nil
}

// main runs workflows and all activities but SendMail. Its slots are about the database's connections.
func (e *Engine) main(a steps) worker.Worker {
	w := worker.New(e.o.Temporal, workflows.Queue, worker.Options{
		MaxConcurrentActivityExecutionSize:      e.o.Config.ActivitySlots,
		MaxConcurrentLocalActivityExecutionSize: e.o.Config.ActivitySlots,
		WorkflowTaskPollerBehavior:              autoscaling(),
		ActivityTaskPollerBehavior:              autoscaling(),
		WorkerStopTimeout:                       e.o.Config.StopTimeout,
		OnFatalError:                            e.o.OnFailure,
	})
	workflows.Register(w)
	for _, some := range a.onQueue() {
		w.RegisterActivity(some)
	}
	return w
}

// mail runs SendMail alone: the whole queue's rate is the relay's, kept by the server.
func (e *Engine) mail(a steps) worker.Worker {
	w := worker.New(e.o.Temporal, workflows.MailQueue, worker.Options{
		DisableWorkflowWorker:              true,
		MaxConcurrentActivityExecutionSize: 2 * max(e.o.Config.SMTPConnections, 1),
		TaskQueueActivitiesPerSecond:       e.o.Config.MailPerSecond,
		ActivityTaskPollerBehavior:         autoscaling(),
		WorkerStopTimeout:                  e.o.Config.StopTimeout,
		OnFatalError:                       e.o.OnFailure,
	})
	w.RegisterActivity(a.mails.SendMail)
	return w
}

func autoscaling() worker.PollerBehavior {
	return worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{})
}

// Client speaks to the workflows with this engine's settings.
func (e *Engine) Client() *commands.Client { return e.client }

// Start begins polling.
func (e *Engine) Start() error {
	for n, w := range e.workers {
		if err := w.Start(); err != nil {
			for _, started := range e.workers[:n] {
				started.Stop()
			}
			return fmt.Errorf("start worker: %w", err)
		}
	}
	return nil
}

// Stop ends polling, lets running activities finish (a mail that is being handed over, for up to the stop
// timeout), and closes the relay's connections.
func (e *Engine) Stop() error {
	var err error
	e.stop.Do(func() {
		var all sync.WaitGroup
		for _, w := range e.workers {
			all.Go(w.Stop)
		}
		all.Wait()
		err = e.relay.Close()
	})
	return err
}

// Ready says whether this process can do its work: the database answers, Temporal answers, and both queues
// are polled.
func (e *Engine) Ready(ctx context.Context) error {
	var faults []error
	if err := e.o.Store.Ping(ctx); err != nil {
		faults = append(faults, err)
	}
	if _, err := e.o.Temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return errors.Join(append(faults, fmt.Errorf("reach Temporal: %w", err))...)
	}
	for _, q := range []struct {
		name string
		kind enumspb.TaskQueueType
	}{
		{workflows.Queue, enumspb.TASK_QUEUE_TYPE_WORKFLOW},
		{workflows.Queue, enumspb.TASK_QUEUE_TYPE_ACTIVITY},
		{workflows.MailQueue, enumspb.TASK_QUEUE_TYPE_ACTIVITY},
	} {
		if err := e.polled(ctx, q.name, q.kind); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

func (e *Engine) polled(ctx context.Context, queue string, kind enumspb.TaskQueueType) error {
	d, err := e.o.Temporal.WorkflowService().DescribeTaskQueue(ctx, &workflowservice.DescribeTaskQueueRequest{
		Namespace:     e.o.Config.TemporalNamespace,
		TaskQueue:     &taskqueuepb.TaskQueue{Name: queue, Kind: enumspb.TASK_QUEUE_KIND_NORMAL},
		TaskQueueType: kind,
	})
	if err != nil {
		return fmt.Errorf("ask for the pollers of queue %s: %w", queue, err)
	}
	if len(d.GetPollers()) == 0 {
		return fmt.Errorf("queue %s has no pollers", queue)
	}
	return nil
}
