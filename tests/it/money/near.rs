//! Answers that are nearly those of a claim: listed with it, applied by a person only, and given
//! back when the person takes the match back. The DRE is written here record by record.

use super::hand::{Gateway, Invoice, Return, Says, invoices};
use crate::on_both;
use crate::support::databases::TestDatabase;
use noemie_gateway::domain::PartKind::{Amc, Amo};
use noemie_gateway::domain::near_match::MatchReason;
use noemie_gateway::domain::{AnswerPlace, Caller, ClaimId, Extent, Scope};
use noemie_gateway::ingest::Receipt;
use noemie_gateway::service::matches::{
    MatchChange, MatchError, MatchRequest, RecordedChange, UnmatchedPage, UnmatchedQuery,
    UnmatchedView, WorkListError,
};

const PS: &str = "992001255";
/// FINESS that the convention of [`PS`] names.
const FINESS: &str = "990000119";
/// NIR and key of an insured person and of her child, invented (department 99).
const HOLDER: &str = "266119999900188";
const CHILD: &str = "198029999900373";

/// An invoice of the DRE: number, beneficiary's NIR, birth date AAMMJJ, rank.
type Billed<'a> = (&'a str, &'a str, &'a str, char);

/// Returns a DRE of one pharmacy lot, 26,54 € an invoice: 17,25 € asked of the AMO, 9,29 € of the
/// AMC. `id` names the file.
fn dre(id: u32, lot: u32, billed: &[Billed<'_>]) -> Vec<u8> {
    let parties = "OT99900000000011      OC00000099900011      RT";
    let mut records = vec![
        format!("000{parties}{id:06}260302PS  B2               128      FACTURE INITIALE"),
        format!(
            "1{PS}      999001       PHARMACIE FICTIVE {lot:03}25                 B2260302 PH 022003"
        ),
    ];
    for (number, beneficiary, birth, rank) in billed {
        let key = format!("{PS} {HOLDER}{number}");
        records.push(format!(
            "2{key}   1260301 D 01999000049913439062602200001000000000000000000{birth}{rank}  \
             063656270115000099900011"
        ));
        records.push(format!("2{key}S             {beneficiary}000000"));
        records.push(format!(
            "4{key} 01000000000009   0{PS}0050260301PH7  01000100010002654000265406500017250002654 \
             00000929"
        ));
        records.push(format!("5{key}   001                00002654000017250000092900000929"));
    }
    let n = billed.len();
    records.push(format!(
        "6{PS}{n:03}{n:04}{:04}{n:03}{:09}{:09}{:09}{lot:03}R",
        2 * n,
        2654 * n,
        1725 * n,
        929 * n
    ));
    records.push(format!("999{parties}{id:06}{:08}                   001", records.len() + 1));
    records.iter().map(|record| format!("{record:<128}\r\n")).collect::<String>().into_bytes()
}

/// Returns a return of one invoice that pays both parts as asked.
fn paying(id: u32, invoice: &Invoice) -> Return<'_> {
    let says =
        vec![Says::paid(Amo, invoice.amo, invoice.amo), Says::paid(Amc, invoice.amc, invoice.amc)];
    Return { id, day: "020326", label: "VIR 1", told: vec![(invoice, says)], reject: None }
}

const UNPAID: &str = "received 0 | received 0";
const PAID: &str = "paid 1725 | paid 929";

async fn listed(gateway: &Gateway, query: &UnmatchedQuery) -> Vec<UnmatchedView> {
    let page = gateway.matches.list(&Caller::local(), query, None, 50).await.expect("a page");
    assert_eq!(page.next, None);
    page.items
}

async fn waiting(gateway: &Gateway) -> Vec<UnmatchedView> {
    listed(gateway, &UnmatchedQuery::default()).await
}

/// Deposits a return whose one answer matches no claim.
async fn send_unmatched(gateway: &Gateway, told: &Return<'_>) -> AnswerPlace {
    let receipt: Receipt = gateway.deposit("cpam-test", &told.bytes()).await;
    let text = String::from_utf8_lossy(&told.bytes()).into_owned();
    assert_eq!((receipt.exchange.accepted, receipt.exchange.unmatched), (0, 1), "{text}");
    AnswerPlace { exchange_id: receipt.exchange.id, ordinal: 1 }
}

async fn record(
    gateway: &Gateway,
    answer: AnswerPlace,
    change: MatchChange,
) -> Result<RecordedChange, MatchError> {
    let request = MatchRequest {
        answer,
        change,
        why: "numéro vérifié au téléphone".into(),
        decided_by: Some("Marie".into()),
        expected_version: None,
    };
    gateway.matches.record(&Caller::local(), &request).await
}

async fn claim_of(gateway: &Gateway, number: &str) -> ClaimId {
    let attempts = gateway.attempts(PS, number).await;
    attempts[0].claim.as_ref().expect("a claim").id
}

/// Each near answer, with the reason that names what differs.
async fn a_near_answer_is_listed_with_its_claim_and_not_applied(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let table = format!(
        "identifiant;numero_amc;type_convention;domaine;date_debut;date_fin;etat;motif;\
         concentrateur;rpps;finess_et\n{PS};99900011;;PHAR;2024-01-01;;active;;OCT;;{FINESS}\n"
    );
    gateway
        .conventionnement
        .import_conventions(std::io::Cursor::new(table), &"conventions.csv".into())
        .await
        .expect("the conventions are read");
    let bytes = dre(
        1,
        1,
        &[
            ("000700001", HOLDER, "661122", '2'),
            ("000700002", CHILD, "980201", '1'),
            ("000700003", HOLDER, "661122", '1'),
            ("000700004", HOLDER, "661122", '1'),
            ("000700005", HOLDER, "661122", '1'),
        ],
    );
    let receipt = gateway.deposit("oct-test", &bytes).await;
    assert_eq!(receipt.exchange.accepted, 5, "{:?}", receipt.exchange);
    let known = invoices(&bytes);
    let near = |n: usize| known[n].clone();
    let rank = Invoice { rank: '0', ..near(0) };
    let nir = Invoice { nir: CHILD.to_owned(), ..near(1) };
    let zeros = Invoice { number: "700003".to_owned(), amc: 930, ..near(2) };
    let finess = Invoice { ps: FINESS.to_owned(), ..near(3) };
    let birth = Invoice { birth: "231166".to_owned(), ..near(4) };
    let unknown = Invoice { number: "000799999".to_owned(), ..near(4) };
    let cases = [
        (&rank, "000700001", MatchReason::OtherRank, 96),
        (&nir, "000700002", MatchReason::BeneficiaryNir, 94),
        (&zeros, "000700003", MatchReason::OtherZeros, 86),
        (&finess, "000700004", MatchReason::LinkedPs, 94),
        (&birth, "000700005", MatchReason::OtherBirth, 92),
    ];
    for (id, (answer, number, reason, score)) in (10..).zip(&cases) {
        let place = send_unmatched(&gateway, &paying(id, answer)).await;
        let waiting = waiting(&gateway).await;
        let view = waiting.iter().find(|view| view.kept.place() == place).expect("listed");
        let [candidate] = &view.candidates[..] else { panic!("{number}: {view:?}") };
        assert_eq!(candidate.invoice_number, *number, "{number}");
        let likeness = &candidate.likeness;
        assert!(likeness.reasons.contains(reason), "{number}: {likeness:?}");
        // The lot of the return is another one (3 points).
        assert_eq!(likeness.score, score - 3, "{number}: {likeness:?}");
        assert_eq!(gateway.described(PS, number).await, UNPAID, "{number}");
        assert_eq!(view.outcomes.len(), 2, "kept whole");
    }
    let amounts = waiting(&gateway).await;
    let other = |view: &&UnmatchedView| {
        view.candidates[0].likeness.reasons.contains(&MatchReason::OtherAmounts)
    };
    assert_eq!(amounts.iter().filter(other).count(), 1, "only 9,30 € is another amount");
    send_unmatched(&gateway, &paying(20, &unknown)).await;
    let with =
        |wanted| UnmatchedQuery { has_candidates: Some(wanted), ..UnmatchedQuery::default() };
    assert_eq!(listed(&gateway, &with(true)).await.len(), 5);
    let without = listed(&gateway, &with(false)).await;
    assert_eq!(without.len(), 1);
    assert_eq!(without[0].kept.answer.invoice_number, "000799999");
    pages_are_bound_to_their_filter(&gateway).await;
    nobody_sees_what_lies_outside_his_scope(&gateway).await;
    gateway.verify().await;
}

async fn pages_are_bound_to_their_filter(gateway: &Gateway) {
    let all = UnmatchedQuery::default();
    let with = UnmatchedQuery { has_candidates: Some(true), ..all.clone() };
    for (query, expected) in [(&all, 6), (&with, 5)] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page: UnmatchedPage = gateway
                .matches
                .list(&Caller::local(), query, after.as_ref(), 2)
                .await
                .expect("a page");
            seen.extend(page.items.iter().map(|view| view.kept.place()));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        seen.dedup();
        assert_eq!(seen.len(), expected, "each answer once");
    }
    let first = gateway.matches.list(&Caller::local(), &all, None, 2).await.expect("a page");
    let other = gateway.matches.list(&Caller::local(), &with, first.next.as_ref(), 2).await;
    assert!(matches!(other, Err(WorkListError::OtherToken)));
}

async fn nobody_sees_what_lies_outside_his_scope(gateway: &Gateway) {
    let only = |value: &str| Extent::Only([value.to_owned()].into());
    let everything = Scope::everything();
    let scopes = [
        (Scope { amc: only("0000000000"), ..everything.clone() }, 0),
        (Scope { amc: only("0099900011"), ..everything.clone() }, 6),
        (Scope { ps: only(FINESS), ..everything.clone() }, 1),
        (Scope { senders: only("oct-test"), ..everything }, 0),
    ];
    for (scope, expected) in scopes {
        let caller = Caller { scope, ..Caller::local() };
        let page = gateway.matches.list(&caller, &UnmatchedQuery::default(), None, 50).await;
        assert_eq!(page.expect("a page").items.len(), expected, "{:?}", caller.scope);
    }
}

async fn a_match_pays_the_claim_and_the_undoing_gives_it_back(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let bytes =
        dre(1, 1, &[("000700001", HOLDER, "661122", '2'), ("000700002", CHILD, "980201", '1')]);
    let known = invoices(&bytes);
    let near = Invoice { rank: '1', ..known[0].clone() };
    // The answer comes first: the claim shows as a candidate when it is there.
    let answer = send_unmatched(&gateway, &paying(10, &near)).await;
    assert!(waiting(&gateway).await[0].candidates.is_empty());
    gateway.deposit("oct-test", &bytes).await;
    let claim = waiting(&gateway).await[0].candidates[0].claim_id;
    let other = claim_of(&gateway, "000700002").await;
    assert_eq!(claim, claim_of(&gateway, "000700001").await);

    let matched = record(&gateway, answer, MatchChange::Match(claim)).await.expect("recorded");
    assert!(matched.match_id.is_some());
    assert_eq!(gateway.described(PS, "000700001").await, PAID);
    assert!(waiting(&gateway).await.is_empty());
    gateway.verify().await;
    let again = record(&gateway, answer, MatchChange::Match(claim)).await.expect("repeated");
    assert_eq!((again.match_id, again.version), (None, 1));
    let elsewhere = record(&gateway, answer, MatchChange::Match(other)).await;
    assert!(matches!(elsewhere, Err(MatchError::MatchedOtherwise(with)) if with == claim));

    record(&gateway, answer, MatchChange::Undo).await.expect("taken back");
    assert_eq!(gateway.described(PS, "000700001").await, UNPAID);
    assert_eq!(waiting(&gateway).await.len(), 1);
    gateway.verify().await;
    let twice = record(&gateway, answer, MatchChange::Undo).await;
    assert!(matches!(twice, Err(MatchError::NotMatched)));

    record(&gateway, answer, MatchChange::Match(other)).await.expect("recorded");
    assert_eq!(gateway.described(PS, "000700002").await, PAID);
    assert_eq!(gateway.described(PS, "000700001").await, UNPAID);
    let history = gateway.matches.history(&Caller::local(), answer).await.expect("read");
    let told: Vec<Option<ClaimId>> = history.iter().map(|m| m.claim_id).collect();
    assert_eq!(told, [Some(claim), None, Some(other)]);
    let author = history[0].author.stated.as_ref().map(ToString::to_string);
    assert_eq!(author.as_deref(), Some("Marie"));
    gateway.verify().await;
}

async fn the_claim_of_the_identity_comes_after_a_match(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let twin = dre(1, 1, &[("000700001", HOLDER, "661122", '2')]);
    let own = dre(2, 2, &[("000700001", HOLDER, "661122", '1')]);
    let exact = invoices(&own)[0].clone();
    gateway.deposit("oct-test", &twin).await;
    let answer = send_unmatched(&gateway, &paying(10, &exact)).await;
    let claim = claim_of(&gateway, "000700001").await;
    record(&gateway, answer, MatchChange::Match(claim)).await.expect("recorded");
    assert!(waiting(&gateway).await.is_empty());

    gateway.deposit("oct-test", &own).await;
    let later = claim_of(&gateway, "000700001").await;
    assert_ne!(claim, later);
    let waiting_now = waiting(&gateway).await;
    let [view] = &waiting_now[..] else { panic!("the conflict is listed: {waiting_now:?}") };
    assert_eq!(view.conflict(), Some(later));
    assert_eq!(view.kept.claim_id, Some(claim), "what the person said stays");
    assert_eq!(gateway.described(PS, "000700001").await, UNPAID, "of the later claim");
    gateway.verify().await;

    let undone = record(&gateway, answer, MatchChange::Undo).await.expect("taken back");
    assert_eq!(undone.exact, Some(later));
    assert_eq!(gateway.described(PS, "000700001").await, PAID);
    assert!(waiting(&gateway).await.is_empty());
    let exactly = record(&gateway, answer, MatchChange::Match(claim)).await;
    assert!(matches!(exactly, Err(MatchError::MatchedExactly(with)) if with == later));
    gateway.verify().await;
}

async fn what_cannot_be_matched_is_refused_with_its_reason(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let bytes = dre(1, 1, &[("000700001", HOLDER, "661122", '1')]);
    let exact = invoices(&bytes)[0].clone();
    gateway.deposit("oct-test", &bytes).await;
    let claim = claim_of(&gateway, "000700001").await;
    let told = paying(10, &exact);
    let matched = gateway.deposit("cpam-test", &told.bytes()).await.exchange;
    let place = AnswerPlace { exchange_id: matched.id, ordinal: 1 };
    let exactly = record(&gateway, place, MatchChange::Match(claim)).await;
    assert!(matches!(exactly, Err(MatchError::MatchedExactly(with)) if with == claim));
    let nowhere = AnswerPlace { ordinal: 2, ..place };
    let unknown = record(&gateway, nowhere, MatchChange::Match(claim)).await;
    assert!(matches!(unknown, Err(MatchError::UnknownAnswer(_))));

    let near = Invoice { rank: '2', ..exact };
    let answer = send_unmatched(&gateway, &paying(11, &near)).await;
    let nobody = ClaimId(matched.id.0);
    let unknown = record(&gateway, answer, MatchChange::Match(nobody)).await;
    assert!(matches!(unknown, Err(MatchError::UnknownClaim(id)) if id == nobody));
    let request = |caller_sees: u64| MatchRequest {
        answer,
        change: MatchChange::Match(claim),
        why: "vérifié".into(),
        decided_by: None,
        expected_version: Some(caller_sees),
    };
    let stale = gateway.matches.record(&Caller::local(), &request(1)).await;
    assert!(matches!(stale, Err(MatchError::Stale { version: 0 })));
    let scope = Scope { amc: Extent::Only(["0000000000".into()].into()), ..Scope::everything() };
    let stranger = Caller { scope, ..Caller::local() };
    let foreign = gateway.matches.record(&stranger, &request(0)).await;
    assert!(matches!(foreign, Err(MatchError::UnknownAnswer(_))));
    assert_eq!(gateway.described(PS, "000700001").await, PAID, "nothing moved");
    assert_eq!(db.number("SELECT count(*) FROM return_matches").await, 0);
    gateway.verify().await;
}

/// Two persons match one answer with two claims at the same moment: one of them wins.
async fn two_matches_at_the_same_moment_are_one(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let bytes =
        dre(1, 1, &[("000700001", HOLDER, "661122", '2'), ("000700002", CHILD, "980201", '1')]);
    gateway.deposit("oct-test", &bytes).await;
    let near = Invoice { rank: '1', ..invoices(&bytes)[0].clone() };
    let answer = send_unmatched(&gateway, &paying(10, &near)).await;
    let (one, two) = (claim_of(&gateway, "000700001").await, claim_of(&gateway, "000700002").await);
    let (first, second) = tokio::join!(
        record(&gateway, answer, MatchChange::Match(one)),
        record(&gateway, answer, MatchChange::Match(two)),
    );
    assert_eq!([&first, &second].iter().filter(|r| r.is_ok()).count(), 1, "{first:?} {second:?}");
    assert_eq!(db.number("SELECT count(*) FROM return_matches").await, 1);
    gateway.verify().await;
}

on_both! {
    a_near_answer_is_listed_with_its_claim_and_not_applied,
    a_match_pays_the_claim_and_the_undoing_gives_it_back,
    the_claim_of_the_identity_comes_after_a_match,
    what_cannot_be_matched_is_refused_with_its_reason,
    two_matches_at_the_same_moment_are_one,
}
