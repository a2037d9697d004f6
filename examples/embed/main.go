// Command embed is a web server with an app in it: requests put orders into a queue, a daemon works them off and
// backs off when there are none. A request wakes it, so nobody waits for the next poll.
//
//	go run ./examples/embed            serves on 127.0.0.1:8087 until interrupted
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/oklog/run"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// shop is the program: orders come in by HTTP and are worked off by a daemon.
type shop struct {
	open, done atomic.Int64
	app        *daemonapp.App
}

func newShop() (*shop, error) {
	s := &shop{app: daemonapp.New(daemonapp.Options{Name: "shop"})}
	pace := schedule.Backoff{RunEvery: time.Second, MinimumIdle: time.Second, MultiplyIdleBy: 2, MaximumIdle: time.Minute}
	_, err := s.app.Reconcile([]daemonapp.Spec{{
		Name:   "orders",
		Digest: "1",
		Daemon: daemonapp.Task{Planner: &schedule.Interval{Backoff: pace}, Do: daemonapp.Poll(s.find, s.work)},
	}})
	return s, err
}

func (s *shop) find(context.Context) (order int64, found bool, err error) {
	n := s.open.Load()
	return n, n > 0, nil
}

func (s *shop) work(context.Context, int64) error {
	s.open.Add(-1)
	s.done.Add(1)
	return nil
}

// ServeHTTP takes an order (POST /orders) or tells how things stand.
func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost && r.URL.Path == "/orders" {
		s.open.Add(1)
		s.app.Wake("orders")
		w.WriteHeader(http.StatusAccepted)
		return
	}
	v := s.app.Vitals()
	fmt.Fprintf(w, "%d orders open, %d done; load %.2f\n", s.open.Load(), s.done.Load(), v.Load[0])
}

func main() {
	listen := flag.String("listen", "127.0.0.1:8087", "address to serve on")
	flag.Parse()
	if err := serve(*listen); err != nil {
		log.Fatal(err)
	}
}

// serve runs the app and the server as one group: the end of either ends the other.
func serve(address string) error {
	s, err := newShop()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Println("serving on", listener.Addr())
	server := &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	var group run.Group
	group.Add(func() error {
		_, err := s.app.Run(ctx)
		return err
	}, func(error) { stop() })
	group.Add(func() error { return server.Serve(listener) }, func(error) { _ = server.Close() })
	if err := group.Run(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	fmt.Printf("%d orders done\n", s.done.Load())
	return nil
}
