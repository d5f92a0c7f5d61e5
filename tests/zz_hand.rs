mod grpc_support;
use grpc_support::Gateway;
use grpc_support::samples::deposit_many;
#[tokio::test]
async fn hand() {
    let g = Gateway::start().await;
    let c = deposit_many(&g.store, "d", 3).await;
    g.publish().await;
    std::fs::write("/tmp/gw.txt", format!("{} {}", g.address, c[0].claim.id)).unwrap();
    for _ in 0..400 { g.publish().await; tokio::time::sleep(std::time::Duration::from_millis(300)).await; }
}
