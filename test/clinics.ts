import type { Simulator } from './simulator';

/** An organization as it is created, with all that AlloMia needs. */
export const clinic = {
	name: 'Clinique Test',
	email: 'office@clinic.example',
	address: '100 Rue Principale',
	city: 'Montréal',
	stateProvince: 'QC',
	postalCode: 'H2X 1Y4',
	country: 'Canada',
	phoneNumber: '+15145551234',
	timezone: 'America/Toronto',
};

/** Gives the tenant more organizations: `Zone 00`, `Zone 01` and so on, behind all others by name. */
export async function addClinics({ baseUrl, keys }: Simulator, count: number): Promise<void> {
	for (let index = 0; index < count; index += 1) {
		await fetch(`${baseUrl}/organization`, {
			method: 'POST',
			headers: { authorization: `Bearer ${keys.tenant}`, 'content-type': 'application/json' },
			body: JSON.stringify({ ...clinic, name: `Zone ${String(index).padStart(2, '0')}` }),
		});
	}
}
