const readline = require('node:readline');
const { minute, UserError } = require('./run');

/** The timeout of a question, in ms. */
const patience = 10 * minute;

/**
 * Asks questions on the terminal; answers may also be piped in, one per line.
 * @returns { ask(question, otherwise): Promise<string>, close() }: `otherwise` is what to do without an answer
 */
function openQuestions(input = process.stdin, limit = patience) {
	// Not in terminal mode, which would intercept Ctrl-C.
	const lines = readline.createInterface({ input, terminal: false });
	const read = [];
	let over = false;
	let wake = () => {};
	lines.on('line', (line) => {
		read.push(line.trim());
		wake();
	});
	lines.on('close', () => {
		over = true;
		wake();
	});
	const next = async () => {
		if (read.length === 0 && !over) {
			let timer;
			await new Promise((resolve) => {
				wake = resolve;
				timer = setTimeout(resolve, limit);
			});
			clearTimeout(timer);
		}
		return read.shift();
	};
	return {
		async ask(question, otherwise) {
			for (;;) {
				process.stdout.write(question);
				const answer = await next();
				if (answer === undefined) {
					const why = over ? 'nobody is here to answer' : `waited ${limit / minute} min in vain`;
					throw new UserError(`"${question.trim()}": ${why}. ${otherwise}`);
				}
				if (answer !== '') return answer;
			}
		},
		close() {
			lines.close();
			input.unref?.();
		},
	};
}

module.exports = { openQuestions };
