//! A gRPC server over a store, as a replica of the gateway runs it.

use noemie_gateway::archive::Archive;
use noemie_gateway::clock::SystemClock;
use noemie_gateway::conventionnement::Conventionnement;
use noemie_gateway::grpc::serve;
use noemie_gateway::ingest::{Ingest, Limits};
use noemie_gateway::limits::GrpcLimits;
use noemie_gateway::service::{Rooms, Service};
use noemie_gateway::store::{Database, SharedStore};
use noemie_gateway::vault::Vault;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

/// Bytes that a client takes in before it reads them.
const WINDOW_BYTES: u32 = 64 * 1024;

pub struct Server {
    pub store: SharedStore,
    pub channel: Channel,
    stop: CancellationToken,
    _directory: tempfile::TempDir,
}

impl Server {
    pub async fn start(database: &Database, limits: GrpcLimits) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (store, clock) = (database.store(), Arc::new(SystemClock));
        let vault = Arc::new(Vault::from_master_key([7; 32]));
        let archive = Arc::new(Archive::new(directory.path().join("archive"), vault.clone()));
        let room = Limits::default();
        let ingest = Ingest::new(store.clone(), vault.clone(), archive, clock.clone(), room);
        let service = Service::new(Rooms {
            store: store.clone(),
            vault,
            clock: clock.clone(),
            ingest: Arc::new(ingest),
            max_uploads: 1,
            conventionnement: Arc::new(Conventionnement::new(
                database.conventions(),
                clock.clone(),
            )),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port is known");
        let stop = CancellationToken::new();
        let (announced, shutdown) = (stop.clone(), stop.clone());
        tokio::spawn(async move {
            serve(listener, service, clock, limits, announced, shutdown).await.expect("serves");
        });
        let channel = Channel::from_shared(format!("http://{address}"))
            .expect("an address")
            .initial_stream_window_size(WINDOW_BYTES)
            .connect_lazy();
        Self { store, channel, stop, _directory: directory }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
