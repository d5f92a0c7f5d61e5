//! Transfers as callers see them: over gRPC, on the command line and in the metrics.

use super::hand::invoices;
use super::transfers::Announced;
use crate::ingest_support::{dre, options};
use crate::support::gateway::Gateway;
use noemie_gateway::grpc::proto::transfer_item::Item;
use noemie_gateway::grpc::proto::{
    GetTransferRequest, GetTransferResponse, ListTransfersRequest, ListTransfersResponse, Transfer,
};
use tonic::{Code, Status};

async fn list(
    gateway: &Gateway,
    request: ListTransfersRequest,
) -> Result<ListTransfersResponse, Status> {
    Ok(gateway.work().list_transfers(request).await?.into_inner())
}

async fn get(gateway: &Gateway, transfer_id: &str, token: &str) -> GetTransferResponse {
    let request = GetTransferRequest {
        transfer_id: transfer_id.to_owned(),
        page_size: 1,
        page_token: token.to_owned(),
    };
    gateway.work().get_transfer(request).await.expect("a transfer").into_inner()
}

/// Deposits two transfers, one of them with a centime too many; returns that one.
async fn deposit(gateway: &Gateway) -> Transfer {
    let file = dre(&options(907));
    gateway.submit("oct-test", "dre.b2", &file).await.expect("a receipt");
    let known = invoices(&file);
    let one = known.iter().find(|invoice| invoice.amo > 100).expect("an AMO part");
    let told = |id, label| Announced {
        id,
        label,
        paid: vec![(one, one.amo)],
        recoveries: vec![25],
        flat: vec![4_200],
        sum: None,
    };
    let sum = format!("{:011}P", one.amo - 25 + 4_200 + 1);
    let wrong = Announced { sum: Some(&sum), ..told(2, "VIR 2") };
    for (name, bytes) in [("one", told(1, "VIR 1").bytes()), ("two", wrong.bytes())] {
        gateway.submit("cpam-test", name, &bytes).await.expect("a receipt");
    }
    let all = list(gateway, ListTransfersRequest::default()).await.expect("lists").transfers;
    assert_eq!(all.len(), 2, "{all:?}");
    all.into_iter().find(|transfer| transfer.reference == "VIR 2").expect("the second")
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_are_listed_shown_counted_and_printed() {
    let directory = tempfile::tempdir().expect("a directory");
    let gateway = Gateway::start(directory.path(), &[("NOEMIE_SINK", "local")]).await;
    let wrong = deposit(&gateway).await;
    assert_eq!((wrong.state.as_str(), wrong.unexplained_centimes), ("unexplained", 1));
    assert!(wrong.unexplained_since.is_some());

    pages_belong_to_their_filter(&gateway, &wrong).await;
    items_are_paged(&gateway, &wrong).await;

    assert_eq!(gateway.metric("noemie_transfers_unexplained").await, Some(1.0));
    let age = gateway.metric("noemie_transfers_unexplained_oldest_seconds").await;
    assert!(age.is_some(), "{age:?}");

    let printed = |arguments: &[&str]| {
        let output = gateway.run_beside(arguments);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (status, table) = printed(&["transfers", "--unexplained", "--format", "csv"]);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!((status, lines.len()), (Some(0), 2), "{table}");
    assert!(lines[0].starts_with("Virement;Date;Payeur;Bénéficiaire;"), "{table}");
    assert!(lines[1].contains(";2026-11-27;01999;") && lines[1].contains(";0,01;"), "{table}");
    let (_, text) = printed(&["transfers", &wrong.transfer_id]);
    for part in ["Inexpliqué", "Indu [IND], Retenue sur prestations [RPR]", "FORFAIT TRIMESTRIEL"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (status, _) = printed(&["transfers", "00000000-0000-4000-8000-000000000000"]);
    assert_eq!(status, Some(1));
    gateway.terminate();
}

async fn pages_belong_to_their_filter(gateway: &Gateway, wrong: &Transfer) {
    let one = ListTransfersRequest { page_size: 1, ..ListTransfersRequest::default() };
    let first = list(gateway, one.clone()).await.expect("lists");
    let page_token = first.next_page_token;
    let next = ListTransfersRequest { page_token: page_token.clone(), ..one.clone() };
    let second = list(gateway, next).await.expect("lists");
    assert_ne!(first.transfers[0].transfer_id, second.transfers[0].transfer_id);
    assert_eq!(second.next_page_token, "");
    let of_payee = ListTransfersRequest { ps: wrong.payee.clone(), page_token, ..one };
    let refused = list(gateway, of_payee).await.expect_err("a token of another filter");
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
    for (found, request) in [
        (1, ListTransfersRequest { state: "unexplained".into(), ..Default::default() }),
        (2, ListTransfersRequest { payer: "01999".into(), ..Default::default() }),
        (0, ListTransfersRequest { ps: "992999999".into(), ..Default::default() }),
        (2, ListTransfersRequest { day_to: "2026-11-27".into(), ..Default::default() }),
        (0, ListTransfersRequest { day_from: "2026-11-28".into(), ..Default::default() }),
    ] {
        let page = list(gateway, request.clone()).await.expect("lists");
        assert_eq!(page.transfers.len(), found, "{request:?}");
    }
    let unknown = ListTransfersRequest { state: "lost".into(), ..Default::default() };
    assert_eq!(list(gateway, unknown).await.expect_err("no state").code(), Code::InvalidArgument);
}

async fn items_are_paged(gateway: &Gateway, wrong: &Transfer) {
    let (mut token, mut items) = (String::new(), Vec::new());
    loop {
        let page = get(gateway, &wrong.transfer_id, &token).await;
        assert_eq!(page.files.len(), 1);
        assert!(page.files[0].counts && page.files[0].label == "VIR 2");
        items.extend(page.items);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let sum: i64 = items.iter().map(|item| item.amount_centimes).sum();
    assert_eq!(Some(sum + 1), wrong.announced_centimes);
    let kinds: Vec<&str> = items
        .iter()
        .map(|item| match &item.item {
            Some(Item::Part(part)) if !part.claim_id.is_empty() => "part",
            Some(Item::Recovery(_)) => "recovery",
            Some(Item::FlatPayment(_)) => "flat",
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, ["part", "recovery", "flat"]);
    let unknown = GetTransferRequest {
        transfer_id: "00000000-0000-4000-8000-000000000000".into(),
        ..Default::default()
    };
    let refused = gateway.work().get_transfer(unknown).await.expect_err("no transfer");
    assert_eq!(refused.code(), Code::NotFound);
}
