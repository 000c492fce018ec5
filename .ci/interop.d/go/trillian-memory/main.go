// Trillian's log server and sequencer over its in-memory storage, for a Rekor v1 that lasts one run.
//
// Prints the id of its one tree once it answers, and serves until it is killed.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/extension"
	sequencer "github.com/google/trillian/log"
	"github.com/google/trillian/monitoring"
	"github.com/google/trillian/quota"
	"github.com/google/trillian/server"
	"github.com/google/trillian/storage"
	"github.com/google/trillian/storage/memory"
	"github.com/google/trillian/util/clock"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
)

func main() {
	endpoint := flag.String("rpc_endpoint", "127.0.0.1:0", "where to answer")
	flag.Parse()
	if err := serve(context.Background(), *endpoint); err != nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context, endpoint string) error {
	metrics := monitoring.InertMetricFactory{}
	trees := memory.NewTreeStorage()
	registry := extension.Registry{
		AdminStorage:  memory.NewAdminStorage(trees),
		LogStorage:    memory.NewLogStorage(trees, metrics),
		QuotaManager:  quota.Noop(),
		MetricFactory: metrics,
	}
	rpc := server.NewTrillianLogRPCServer(registry, clock.System)
	id, err := newTree(ctx, registry, rpc)
	if err != nil {
		return err
	}
	go sequence(ctx, registry)

	listener, err := net.Listen("tcp", endpoint)
	if err != nil {
		return err
	}
	front := grpc.NewServer()
	trillian.RegisterTrillianLogServer(front, rpc)
	fmt.Println(id)
	return front.Serve(listener)
}

func newTree(ctx context.Context, registry extension.Registry, rpc *server.TrillianLogRPCServer) (int64, error) {
	tree, err := storage.CreateTree(ctx, registry.AdminStorage, &trillian.Tree{
		TreeState:       trillian.TreeState_ACTIVE,
		TreeType:        trillian.TreeType_LOG,
		DisplayName:     "rekor",
		MaxRootDuration: durationpb.New(time.Hour),
	})
	if err != nil {
		return 0, err
	}
	_, err = rpc.InitLog(ctx, &trillian.InitLogRequest{LogId: tree.TreeId})
	return tree.TreeId, err
}

func sequence(ctx context.Context, registry extension.Registry) {
	info := sequencer.OperationInfo{
		Registry:    registry,
		BatchSize:   100,
		NumWorkers:  1,
		RunInterval: 20 * time.Millisecond,
		TimeSource:  clock.System,
	}
	sequencer.NewOperationManager(info, sequencer.NewSequencerManager(registry, 0)).OperationLoop(ctx)
}
