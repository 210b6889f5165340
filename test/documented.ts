/** The request of AlloMia's documentation, without a callback URL. */
export const documentedCall = {
	phoneNumber: '+15145551234',
	assistantId: 'a1b2c3d4-e5f6-7890-abcd-123456789012',
	phoneNumberId: 'b2c3d4e5-f6a7-8901-bcde-234567890123',
	customerName: 'John Doe',
	dynamicVariables: {
		patientId: '12345',
		appointmentSlot: '2026-04-01T10:00:00Z',
		practitioner: 'Dr. Smith',
	},
};

/** The fields of the AlloMia node for it, without the IDs. */
export const documentedFields = {
	customerName: documentedCall.customerName,
	dynamicVariables: {
		variable: Object.entries(documentedCall.dynamicVariables).map(([name, value]) => ({
			name,
			value,
		})),
	},
};

/** The status object of AlloMia's documentation, of a call that has ended. */
export const documentedStatus = {
	outboundCallId: 'c3d4e5f6-a7b8-9012-cdef-345678901234',
	contactId: 'd4e5f6a7-b8c9-0123-defa-456789012345',
	status: 'completed',
	callDetails: {
		startedAt: '2026-04-01T10:00:05Z',
		endedAt: '2026-04-01T10:02:05Z',
		duration: 120,
		endedReason: 'customer-ended-call',
	},
};
