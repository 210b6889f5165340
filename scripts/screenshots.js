/** npm run screenshots: takes the pictures of README and of the templates anew, in n8n's editor. */
process.env.ALLOMIA_SCREENSHOTS = '1';
process.argv.push('editor', '--grep', 'pictures');
require('./test');
