//! The redemption clock (RED-3), in days since the Unix epoch, UTC. Every such day has 86,400
//! seconds; leap years matter only to whoever turns a date into its day.

use crate::limits::{DAY_MS, MINUTE_MS};
use crate::object::Terms;

/// How many business days after the receipt day a redemption must have been paid.
const BUSINESS_DAYS: usize = 2;

/// When a redemption that is requested at `now` must have been paid: the midnight that ends the
/// second business day after the receipt day. None when that leaves the range of times.
pub fn due_at(terms: &Terms, now: u64) -> Option<u64> {
    let (today, minute) = (now / DAY_MS, now % DAY_MS / MINUTE_MS);
    let in_time = minute < u64::from(terms.cutoff_minute);
    let counts_from = if in_time { today } else { today.checked_add(1)? };
    // The first of these is the receipt day.
    let mut business_days = (counts_from..).filter(|day| is_business_day(*day, &terms.holidays));
    business_days.nth(BUSINESS_DAYS)?.checked_add(1)?.checked_mul(DAY_MS)
}

/// Monday to Friday, and none of `holidays` (ascending).
fn is_business_day(day: u64, holidays: &[u32]) -> bool {
    // Day 0 was a Thursday: counted from 0, day 3 of its week.
    let weekday = day.saturating_add(3) % 7;
    let is_holiday = u32::try_from(day).is_ok_and(|day| holidays.binary_search(&day).is_ok());
    weekday < 5 && !is_holiday
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dev;

    const WEEK: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

    /// The day of "Fri 2024-03-01", counted year by year; the weekday must be right.
    fn day(date: &str) -> u64 {
        let (weekday, date) = date.split_once(' ').unwrap();
        let parts: Vec<u64> = date.split('-').map(|part| part.parse().unwrap()).collect();
        let [year, month, day] = parts[..] else { panic!("{date}") };
        let every = |years: u64, year: u64| year.is_multiple_of(years);
        let leap = |year| every(4, year) && (!every(100, year) || every(400, year));
        let february = 28 + u64::from(leap(year));
        let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let years: u64 = (1970..year).map(|year| 365 + u64::from(leap(year))).sum();
        let day = years + months[..month as usize - 1].iter().sum::<u64>() + day - 1;
        assert_eq!(weekday, WEEK[day as usize % 7], "{date}");
        day
    }

    fn time(date: &str, clock: &str) -> u64 {
        let parts: Vec<u64> = clock.split(':').map(|part| part.parse().unwrap()).collect();
        let [hour, minute, ms] = parts[..] else { panic!("{clock}") };
        day(date) * DAY_MS + (hour * 60 + minute) * MINUTE_MS + ms
    }

    /// With the cut-off at 17:00, the end of which day each request is due.
    fn check(holidays: &[&str], table: &[(&str, &str, &str)]) {
        let holidays = holidays.iter().map(|date| day(date) as u32).collect();
        let terms = Terms { cutoff_minute: 17 * 60, holidays, ..dev::terms() };
        for (date, clock, due) in table {
            let expected = (day(due) + 1) * DAY_MS;
            assert_eq!(due_at(&terms, time(date, clock)), Some(expected), "{date} {clock}");
        }
    }

    #[test]
    fn a_request_rolls_forward_at_the_cut_off_and_over_weekends() {
        // The third part of a time is milliseconds of the minute.
        check(
            &[],
            &[
                ("Mon 2024-03-04", "00:00:00000", "Wed 2024-03-06"),
                ("Mon 2024-03-04", "16:59:59999", "Wed 2024-03-06"),
                ("Mon 2024-03-04", "17:00:00000", "Thu 2024-03-07"),
                ("Mon 2024-03-04", "23:59:59999", "Thu 2024-03-07"),
                ("Wed 2024-03-06", "16:59:59999", "Fri 2024-03-08"),
                ("Wed 2024-03-06", "17:00:00000", "Mon 2024-03-11"),
                ("Thu 2024-03-07", "16:59:59999", "Mon 2024-03-11"),
                ("Thu 2024-03-07", "17:00:00000", "Tue 2024-03-12"),
                ("Fri 2024-03-08", "16:59:59999", "Tue 2024-03-12"),
                ("Fri 2024-03-08", "17:00:00000", "Wed 2024-03-13"),
                ("Fri 2024-03-08", "17:00:00001", "Wed 2024-03-13"),
                ("Sat 2024-03-09", "00:00:00000", "Wed 2024-03-13"),
                ("Sat 2024-03-09", "17:00:00000", "Wed 2024-03-13"),
                ("Sun 2024-03-10", "16:59:59999", "Wed 2024-03-13"),
                ("Sun 2024-03-10", "17:00:00000", "Wed 2024-03-13"),
            ],
        );
    }

    #[test]
    fn holidays_chain_with_weekends_and_with_one_another() {
        // Easter 2024: a holiday on each side of a weekend, here with one more behind it.
        let easter = ["Fri 2024-03-29", "Mon 2024-04-01", "Tue 2024-04-02"];
        check(
            &easter,
            &[
                ("Tue 2024-03-26", "16:59:59999", "Thu 2024-03-28"),
                ("Tue 2024-03-26", "17:00:00000", "Wed 2024-04-03"),
                ("Wed 2024-03-27", "16:59:59999", "Wed 2024-04-03"),
                ("Thu 2024-03-28", "16:59:59999", "Thu 2024-04-04"),
                ("Thu 2024-03-28", "17:00:00000", "Fri 2024-04-05"),
                ("Fri 2024-03-29", "09:00:00000", "Fri 2024-04-05"),
                ("Mon 2024-04-01", "09:00:00000", "Fri 2024-04-05"),
                ("Tue 2024-04-02", "17:00:00000", "Fri 2024-04-05"),
            ],
        );
        // A holiday on a Saturday moves nothing.
        check(&["Sat 2024-03-30"], &[("Thu 2024-03-28", "09:00:00000", "Mon 2024-04-01")]);
    }

    #[test]
    fn years_end_and_leap_days_are_days_like_others() {
        check(
            &["Wed 2024-12-25", "Wed 2025-01-01"],
            &[
                ("Mon 2024-12-23", "09:00:00000", "Thu 2024-12-26"),
                ("Mon 2024-12-30", "16:59:59999", "Thu 2025-01-02"),
                ("Mon 2024-12-30", "17:00:00000", "Fri 2025-01-03"),
                ("Tue 2024-12-31", "16:59:59999", "Fri 2025-01-03"),
                ("Tue 2024-12-31", "17:00:00000", "Mon 2025-01-06"),
            ],
        );
        check(
            &[],
            &[
                ("Tue 2024-02-27", "09:00:00000", "Thu 2024-02-29"),
                ("Wed 2024-02-28", "09:00:00000", "Fri 2024-03-01"),
                ("Thu 2024-02-29", "16:59:59999", "Mon 2024-03-04"),
                ("Thu 2024-02-29", "17:00:00000", "Tue 2024-03-05"),
                ("Mon 2023-02-27", "09:00:00000", "Wed 2023-03-01"),
                ("Fri 2100-02-26", "09:00:00000", "Tue 2100-03-02"),
                ("Thu 1970-01-01", "00:00:00000", "Mon 1970-01-05"),
            ],
        );
        check(&["Thu 2024-02-29"], &[("Tue 2024-02-27", "09:00:00000", "Fri 2024-03-01")]);
    }

    #[test]
    fn the_cut_off_may_be_at_either_end_of_the_day() {
        let due = |cutoff_minute, clock| {
            let terms = Terms { cutoff_minute, ..dev::terms() };
            due_at(&terms, time("Mon 2024-03-04", clock)).unwrap() / DAY_MS - 1
        };
        assert_eq!(due(0, "00:00:00000"), day("Thu 2024-03-07"), "always the next day's");
        assert_eq!(due(1, "00:00:59999"), day("Wed 2024-03-06"));
        assert_eq!(due(1, "00:01:00000"), day("Thu 2024-03-07"));
        assert_eq!(due(1_440, "23:59:59999"), day("Wed 2024-03-06"), "always the same day's");
    }

    #[test]
    fn sixty_four_holidays_in_a_row_end_and_so_does_time() {
        let first = day("Mon 2024-03-04") as u32;
        let terms = Terms { holidays: (first..first + 64).collect(), ..dev::terms() };
        // The 64th, a Monday, is the last: the receipt day is the Tuesday after it.
        let due = (day("Thu 2024-05-09") + 1) * DAY_MS;
        assert_eq!(due_at(&terms, time("Mon 2024-03-04", "09:00:00000")), Some(due));
        assert_eq!(due_at(&terms, u64::MAX), None);
        assert!(due_at(&terms, u64::MAX - 10 * DAY_MS).is_some());
    }
}
