//! Accounts, institutions, keys, parameters.

use ballast_runtime::object::{Officers, Quota};
use ballast_runtime::ops::recover_key::RecoverKey;
use ballast_runtime::ops::register_account::RegisterAccount;
use ballast_runtime::ops::rotate_key::RotateKey;
use ballast_runtime::ops::set_institution::SetInstitution;
use ballast_runtime::ops::set_kyc::SetKyc;
use ballast_runtime::ops::set_policy::SetPolicy;
use ballast_runtime::ops::set_terms::SetTerms;

use crate::convert::field::{Field, messages, read_fields, required, show_fields};
use crate::convert::{ConvertError, Wire};
use crate::v1;

messages! {
    RegisterAccount { policy, kyc_class, kyc_until: kyc_until_ms, institution, memo_required }
    SetKyc { account, kyc_class, kyc_until: kyc_until_ms, institution, memo_required }
    SetInstitution { institution, name: institution_name, key: public_key }
    RotateKey { policy }
    RecoverKey { account, policy, document }
    Officers { ceo, cfo }
    Quota { burst, per_1000_s }
    SetPolicy {
        rail_hold_ms, report_max_age_ms, attest_quorum, custodian_share_max_bps,
        travel_threshold: travel_threshold_micros, fee_account, officers, quotas,
    }
    SetTerms {
        min: min_micros, max: max_micros, fee_bps, fee_flat: fee_flat_micros, cutoff_minute,
        holidays, class_min,
    }
}
