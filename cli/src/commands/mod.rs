//! One file for each group of commands.

pub mod account;
pub mod allowance;
pub mod auth;
pub mod bridge;
pub mod control;
pub mod council;
pub mod deposit;
pub mod document;
pub mod events;
pub mod incident;
pub mod institution;
pub mod key;
pub mod minter;
pub mod pay;
pub mod payout;
pub mod policy;
pub mod proof;
pub mod proposal;
pub mod redeem;
pub mod reserve;
pub mod role;
pub mod status;
pub mod supply;
pub mod terms;
pub mod testnet;
pub mod tx;
pub mod upgrade;
pub mod uri;
pub mod validator;

/// How often a list that changes while it is read is begun again.
pub const LIST_TRIES: usize = 5;

/// Said on standard error where a list ends before its beginning.
pub const OLDER_ELSEWHERE: &str = "what is older is no longer held by this validator";

/// Whether the pages so far are all that this validator still holds.
pub fn is_end_of_held(error: &ballast_client::Error, page_token: &str) -> bool {
    let pruned = ballast_proto::error::ServiceReason::CursorPruned.into();
    !page_token.is_empty() && error.refusal() == Some(&pruned)
}

/// What a list holds, page after page, up to a limit.
macro_rules! pages {
    ($ctx:expr, $method:ident, $request:expr, $field:ident, $limit:expr) => {{
        let client = $ctx.client().await?;
        let limit: usize = $limit;
        let mut request = $request;
        let (mut items, mut tries) = (Vec::new(), 1);
        loop {
            let page = match client.$method(request.clone()).await {
                Err(error)
                    if tries < $crate::commands::LIST_TRIES
                        && error.refusal()
                            == Some(&ballast_proto::error::ServiceReason::ListChanged.into()) =>
                {
                    (request.page_token, tries) = (String::new(), tries + 1);
                    items.clear();
                    continue;
                }
                Err(error) if $crate::commands::is_end_of_held(&error, &request.page_token) => {
                    $ctx.out.notice($crate::commands::OLDER_ELSEWHERE);
                    break;
                }
                answer => answer?,
            };
            items.extend(page.$field);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() || items.len() >= limit {
                break;
            }
        }
        items.truncate(limit);
        items
    }};
}

pub(crate) use pages;
