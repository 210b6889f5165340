import { getCountries } from 'libphonenumber-js/max';
import { countries } from '../../../../../nodes/AlloMia/resources/outboundCall/countries';

it('the list of countries has all that phone numbers may be of, in the order of their names', () => {
	expect(Object.keys(countries).sort()).toEqual([...getCountries()].sort());
	const names = Object.values(countries);
	expect(names).toEqual([...names].sort((a, b) => a.localeCompare(b, 'en')));
	expect(countries).toMatchObject({ CA: 'Canada', FR: 'France', US: 'United States' });
});
